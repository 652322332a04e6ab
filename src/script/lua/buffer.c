#include <stdlib.h>
#include <string.h>

#include "glue.h"

void buffer_reserve(Buffer *b, size_t more) {
  if (b->room - b->len >= more) return;
  size_t room = b->room * 2;
  if (room < b->len + more) room = b->len + more + 64;
  char *at = realloc(b->at, room);
  if (!at) __builtin_trap();
  b->at = at;
  b->room = room;
}

void buffer_add(Buffer *b, const char *bytes, size_t len) {
  buffer_reserve(b, len);
  memcpy(b->at + b->len, bytes, len);
  b->len += len;
}

void buffer_text(Buffer *b, const char *text) { buffer_add(b, text, strlen(text)); }

void buffer_number(Buffer *b, long long value) {
  buffer_reserve(b, 20);
  b->len += write_integer(b->at + b->len, value);
}

void buffer_crlf(Buffer *b) {
  buffer_reserve(b, 2);
  b->at[b->len++] = '\r';
  b->at[b->len++] = '\n';
}

void buffer_header(Buffer *b, char type, long long value) {
  buffer_reserve(b, 24);
  char *to = b->at + b->len;
  *to++ = type;
  if (value >= 0 && value < 10)
    *to++ = (char)('0' + value);
  else
    to += write_integer(to, value);
  *to++ = '\r';
  *to++ = '\n';
  b->len = (size_t)(to - b->at);
}

void buffer_line(Buffer *b, const char *text, size_t len) {
  buffer_add(b, text, len);
  for (char *c = b->at + b->len - len; c < b->at + b->len; c++)
    if (*c == '\r' || *c == '\n') *c = ' ';
}
