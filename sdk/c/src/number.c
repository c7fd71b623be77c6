/* Integers that stop at the end of their range, and exact decimals of any size as text. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int64_t syn_add_saturating(int64_t left, int64_t right) {
    int64_t sum;
    if (!__builtin_add_overflow(left, right, &sum)) return sum;
    return left < 0 ? INT64_MIN : INT64_MAX;
}

int64_t syn_subtract_saturating(int64_t left, int64_t right) {
    int64_t difference;
    if (!__builtin_sub_overflow(left, right, &difference)) return difference;
    return left < 0 ? INT64_MIN : INT64_MAX;
}

/* A decimal taken apart. Leading zeros are not counted. */
typedef struct {
    bool negative;
    const char *whole;
    size_t whole_count;
    const char *fraction;
    size_t fraction_count;
} parts;

static parts take_apart(const char *decimal) {
    parts taken = {.negative = *decimal == '-'};
    const char *whole = decimal + taken.negative;
    const char *point = whole + strcspn(whole, ".");
    while (whole < point && *whole == '0') whole++;
    taken.whole = whole;
    taken.whole_count = (size_t)(point - whole);
    taken.fraction = *point ? point + 1 : point;
    taken.fraction_count = strlen(taken.fraction);
    return taken;
}

/* The digit at a place: from 0 on those of the whole part, below 0 those of the fraction; 0 where there is none. */
static int digit_at(const parts *number, ptrdiff_t place) {
    if (place >= 0) {
        size_t at = (size_t)place;
        return at < number->whole_count ? number->whole[number->whole_count - 1 - at] - '0' : 0;
    }
    size_t at = (size_t)(-place - 1);
    return at < number->fraction_count ? number->fraction[at] - '0' : 0;
}

static ptrdiff_t larger(size_t left, size_t right) { return (ptrdiff_t)(left > right ? left : right); }

static int compare_magnitudes(const parts *left, const parts *right) {
    ptrdiff_t top = larger(left->whole_count, right->whole_count);
    ptrdiff_t bottom = -larger(left->fraction_count, right->fraction_count);
    for (ptrdiff_t place = top - 1; place >= bottom; place--) {
        int difference = digit_at(left, place) - digit_at(right, place);
        if (difference) return difference;
    }
    return 0;
}

int syn_decimal_compare(const char *left, const char *right) {
    const char *difference = syn_decimal_subtract(left, right);
    if (*difference == '-') return -1;
    return difference[strspn(difference, "0.")] ? 1 : 0;
}

/* |larger| + sign * |smaller|, written with the sign of the larger and as many places as the longer fraction. */
static const char *combine(const parts *large, const parts *small, int sign, bool negative) {
    size_t places = (size_t)larger(large->fraction_count, small->fraction_count);
    size_t wholes = (size_t)larger(large->whole_count, small->whole_count) + 1;
    /* Sign, digits, point, NUL; filled from the end. */
    size_t size = 1 + wholes + (places ? places + 1 : 0) + 1;
    char *text = syn_allocate(size);
    char *at = text + size - 1;
    *at = '\0';
    int carry = 0;
    bool zero = true;
    for (ptrdiff_t place = -(ptrdiff_t)places; place < (ptrdiff_t)wholes; place++) {
        int digit = digit_at(large, place) + sign * digit_at(small, place) + carry;
        carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
        digit -= 10 * carry;
        zero = zero && digit == 0;
        if (place == 0 && places) *--at = '.';
        *--at = (char)('0' + digit);
    }
    while (at[0] == '0' && at[1] && at[1] != '.') at++;
    if (negative && !zero) *--at = '-';
    return at;
}

static const char *sum(parts left, parts right) {
    int order = compare_magnitudes(&left, &right);
    const parts *large = order < 0 ? &right : &left;
    const parts *small = order < 0 ? &left : &right;
    return combine(large, small, left.negative == right.negative ? 1 : -1, large->negative);
}

const char *syn_decimal_add(const char *left, const char *right) {
    return sum(take_apart(left), take_apart(right));
}

const char *syn_decimal_subtract(const char *left, const char *right) {
    parts subtrahend = take_apart(right);
    subtrahend.negative = !subtrahend.negative;
    return sum(take_apart(left), subtrahend);
}
