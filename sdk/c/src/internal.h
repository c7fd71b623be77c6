/* What the SDK's own files share; a handler includes <synapsor/handler.h> only. */
#ifndef SYNAPSOR_INTERNAL_H
#define SYNAPSOR_INTERNAL_H

#include <stdarg.h>
#include <synapsor/handler.h>

struct syn_change {
    syn_column *columns;
    size_t count;
    size_t capacity;
    const char *summary; /* NULL where there is none */
};

/* The call's refusal; `code` is NULL until there is one. */
typedef struct {
    const char *code;
    const char *message;
} syn_refusal;

const syn_refusal *syn_refused(void);
/* Makes room for another call. An instance serves one, a test many. */
void syn_forget_refusal(void);

const char *syn_type_name(syn_type type);
const char *syn_format_list(const char *format, va_list arguments);

/* The microseconds from 1970 to an instant of the contract. */
int64_t syn_microseconds(const char *instant);

/* Of interest when something is wrong; of interest; somebody should look. As the contract numbers them. */
enum { SYN_LEVEL_DEBUG, SYN_LEVEL_INFO, SYN_LEVEL_WARN };
/* Where a line of the log goes: in a component the contract's import. */
void syn_log_line(int level, const char *line);

#endif
