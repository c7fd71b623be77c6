/* A day of the Gregorian calendar, since most rules about time are about days and years. */
#include "internal.h"

/* The number that `count` digits write; -1 where one is no digit. Stops at the end of the text. */
static int32_t digits(const char *text, size_t count) {
    int32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') return -1;
        number = 10 * number + (text[i] - '0');
    }
    return number;
}

static int32_t month_length(int32_t year, int32_t month) {
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    switch (month) {
    case 2: return leap ? 29 : 28;
    case 4: case 6: case 9: case 11: return 30;
    default: return 31;
    }
}

bool syn_parse_day(const char *text, syn_day *day) {
    int32_t year = digits(text, 4);
    if (year < 0 || text[4] != '-') return false;
    int32_t month = digits(text + 5, 2);
    if (month < 1 || month > 12 || text[7] != '-') return false;
    int32_t number = digits(text + 8, 2);
    if (number < 1 || number > month_length(year, month)) return false;
    if (text[10] && text[10] != 'T' && text[10] != ' ') return false;
    *day = (syn_day){.year = year, .month = (uint8_t)month, .day = (uint8_t)number};
    return true;
}

const char *syn_format_day(syn_day day) {
    return syn_format("%04" PRId32 "-%02d-%02d", day.year, day.month, day.day);
}

syn_day syn_today(const syn_call *call) {
    syn_day day;
    return syn_parse_day(call->now, &day) ? day : (syn_day){.year = 1970, .month = 1, .day = 1};
}

/* Days since 0000-03-01. Years are counted from March, so that a leap day is the last day of its year. */
static int64_t day_number(syn_day day) {
    bool before_march = day.month < 3;
    int64_t year = day.year - before_march;
    int64_t months_since_march = before_march ? day.month + 9 : day.month - 3;
    /* 153 days in each five months from March: 31, 30, 31, 30, 31. */
    return year * 365 + year / 4 - year / 100 + year / 400 + (153 * months_since_march + 2) / 5 + day.day - 1;
}

int64_t syn_days_between(syn_day earlier, syn_day later) { return day_number(later) - day_number(earlier); }

int64_t syn_microseconds(const char *instant) {
    syn_day day;
    if (!syn_parse_day(instant, &day) || instant[10] != 'T') return 0;
    int64_t hours = digits(instant + 11, 2), minutes = digits(instant + 14, 2), seconds = digits(instant + 17, 2);
    int64_t fraction = digits(instant + 20, 6);
    int64_t days = syn_days_between((syn_day){.year = 1970, .month = 1, .day = 1}, day);
    return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000000 + fraction;
}
