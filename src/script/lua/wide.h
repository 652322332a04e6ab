/*
 * Included before Lua's libraries: `long`, `ptrdiff_t` and addresses are as wide as on 64-bit Linux, after the headers have been read.
 */
#include <assert.h>
#include <ctype.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"

/* What x86-64 makes of negative numbers. */
static inline unsigned long long unsigned_of(double value) {
  return value < 0 ? (unsigned long long)(long long)value : (unsigned long long)value;
}

/* There are no files. */
#undef stderr
#undef stdin
#undef stdout
#define stderr NULL
#define stdin NULL
#define stdout NULL
#define fprintf(...) ((void)0)
#define vfprintf(...) ((void)0)
#define fputs(text, file) ((void)(text))
#define fputc(c, file) ((void)(c))

#undef UINTPTR_MAX
#define UINTPTR_MAX UINT64_MAX
#define strtoul strtoull
#define strtod text_to_number
#define ptrdiff_t int64_t
#define long long long
