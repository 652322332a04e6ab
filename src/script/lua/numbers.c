/*
 * Numbers as text: whole numbers of ordinary size without C's formatting, all others by it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"

/* "%.14g" prints a whole number below this without an exponent. */
#define PLAIN_END 1e14
/* Integers of so many digits are exact as doubles. */
#define EXACT_DIGITS 15

int write_integer(char *to, long long value) {
  char digits[20];
  unsigned long long large = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
  int count = 0, at = 0;
  for (; large > UINT32_MAX; large /= 10) digits[count++] = (char)('0' + large % 10);
  /* Without a division: there are 64-bit products, but no 128-bit ones. */
  uint32_t rest = (uint32_t)large;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest);
  if (value < 0) to[at++] = '-';
  while (count) to[at++] = digits[--count];
  return at;
}

static int is_negative_zero(double value) { return value == 0 && __builtin_signbit(value); }

int number_to_text(char *to, double value) {
  if (value > -PLAIN_END && value < PLAIN_END && value == (double)(long long)value && !is_negative_zero(value)) {
    int len = write_integer(to, (long long)value);
    to[len] = 0;
    return len;
  }
  return sprintf(to, "%.14g", value);
}

int fpconv_g_fmt(char *to, double value, int precision);

/* In place of fpconv_g_fmt, in cjson. */
int json_number(char *to, double value, int precision) {
  return precision == 14 ? number_to_text(to, value) : fpconv_g_fmt(to, value, precision);
}

double text_to_number(const char *text, char **end) {
  const char *at = text;
  int negative = *at == '-';
  if (negative) at++;
  const char *digits = at;
  long long value = 0;
  while (*at >= '0' && *at <= '9' && at - digits <= EXACT_DIGITS) value = value * 10 + (*at++ - '0');
  int count = (int)(at - digits);
  if (count == 0 || count > EXACT_DIGITS || *at == '.' || (*at | 32) == 'e' || (*at | 32) == 'x' || (value == 0 && negative))
    return strtod(text, end);
  *end = (char *)at;
  return (double)(negative ? -value : value);
}
