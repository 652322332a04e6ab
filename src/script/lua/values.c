/*
 * Values both ways: a command's reply (RESP, trusted) to Lua, and what a script returns to RESP.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glue.h"
#include "ldo.h"
#include "lobject.h"
#include "lstate.h"

/* Redis gives up on a returned value when Lua's stack would hold more. Our slots do not count. */
#define REPLY_STACK_MAX 8000
#define SLOTS_EXTRA (SLOT_COUNT - 1)
/* What one level of a returned value needs. */
#define LEVEL_STACK 4

static const char *read_number(const char *at, long long *value) {
  int negative = *at == '-';
  if (negative) at++;
  unsigned long long n = 0;
  while (*at != '\r') n = n * 10 + (unsigned)(*at++ - '0');
  *value = (long long)(negative ? 0 - n : n);
  return at + 2;
}

static const char *end_of_line(const char *at) {
  while (*at != '\r') at++;
  return at;
}

/* Sets field `name` of the table below to the value on top. */
static void set_named(lua_State *S, const char *name) {
  lua_pushstring(S, name);
  lua_insert(S, -2);
  lua_rawset(S, -3);
}

/* A table with the line as its field `name`. */
static const char *push_line(lua_State *S, const char *at, const char *name) {
  const char *end = end_of_line(at);
  lua_createtable(S, 0, 1);
  lua_pushlstring(S, at, (size_t)(end - at));
  set_named(S, name);
  return end + 2;
}

static const char *push_bulk(lua_State *S, const char *at) {
  long long len;
  at = read_number(at, &len);
  if (len < 0) {
    lua_pushboolean(S, 0);
    return at;
  }
  lua_pushlstring(S, at, (size_t)len);
  return at + len + 2;
}

static const char *push_array(lua_State *S, const char *at) {
  long long len;
  at = read_number(at, &len);
  if (len < 0) {
    lua_pushboolean(S, 0);
    return at;
  }
  /* With RESP3 there may be holes, and the length of such a table depends on how it grew. */
  lua_createtable(S, protocol == 2 ? (int)len : 0, 0);
  for (int i = 1; i <= len; i++) {
    at = push_reply(S, at);
    lua_rawseti(S, -2, i);
  }
  return at;
}

/* Maps and sets: a table in the field `name` of a table. The members of sets are keys to true. */
static const char *push_keyed(lua_State *S, const char *at, const char *name, int is_map) {
  long long len;
  at = read_number(at, &len);
  lua_newtable(S);
  lua_newtable(S);
  while (len-- > 0) {
    at = push_reply(S, at);
    if (is_map)
      at = push_reply(S, at);
    else
      lua_pushboolean(S, 1);
    lua_settable(S, -3);
  }
  set_named(S, name);
  return at;
}

static const char *push_double(lua_State *S, const char *at) {
  char *end;
  lua_newtable(S);
  lua_pushnumber(S, strtod(at, &end));
  set_named(S, "double");
  return end_of_line(at) + 2;
}

static const char *push_verbatim(lua_State *S, const char *at) {
  long long len;
  at = read_number(at, &len);
  lua_newtable(S);
  lua_newtable(S);
  lua_pushlstring(S, at + 4, (size_t)len - 4);
  set_named(S, "string");
  lua_pushlstring(S, at, 3);
  set_named(S, "format");
  set_named(S, "verbatim_string");
  return at + len + 2;
}

static const char *push_failure(lua_State *S, const char *at) {
  const char *end = end_of_line(at);
  push_error(S, at - 1, (size_t)(end - at) + 1);
  lua_pushboolean(S, 1);
  set_named(S, "ignore_error_stats_update");
  return end + 2;
}

static const char *skip_attributes(lua_State *S, const char *at) {
  long long pairs;
  at = read_number(at, &pairs);
  for (long long i = 0; i < pairs * 2; i++) {
    at = push_reply(S, at);
    lua_pop(S, 1);
  }
  return push_reply(S, at);
}

/* Pushes the value of the reply at `at`, and answers where the next one begins. */
const char *push_reply(lua_State *S, const char *at) {
  luaL_checkstack(S, 6, "too many nested replies");
  long long number;
  switch (*at++) {
    case '$':
      return push_bulk(S, at);
    case ':':
      at = read_number(at, &number);
      lua_pushnumber(S, (lua_Number)number);
      return at;
    case '+':
      return push_line(S, at, "ok");
    case '-':
      return push_failure(S, at);
    case '*':
    case '>':
      return push_array(S, at);
    case '%':
      return push_keyed(S, at, "map", 1);
    case '~':
      return push_keyed(S, at, "set", 0);
    case '#':
      lua_pushboolean(S, *at == 't');
      return at + 3;
    case ',':
      return push_double(S, at);
    case '(':
      return push_line(S, at, "big_number");
    case '=':
      return push_verbatim(S, at);
    case '|':
      return skip_attributes(S, at);
    default:
      lua_pushnil(S);
      return at + 2;
  }
}

/*
 * Pushes a table with the field `err`: "-CODE text" keeps its code, without a code it becomes ERR. Texts end at a NUL and lose the
 * line breaks around what follows the code.
 */
void push_error(lua_State *S, const char *message, size_t len) {
  const char *nul = memchr(message, 0, len);
  if (nul) len = (size_t)(nul - message);
  const char *text = message, *code = "ERR", *end = message + len;
  size_t code_len = 3;
  if (len && *message == '-') {
    const char *blank = memchr(message, ' ', len);
    text = blank ? blank + 1 : message + 1;
    if (blank) {
      code = message + 1;
      code_len = (size_t)(blank - code);
    }
  }
  while (text < end && (*text == '\r' || *text == '\n')) text++;
  while (end > text && (end[-1] == '\r' || end[-1] == '\n')) end--;
  lua_createtable(S, 0, 4);
  lua_pushlstring(S, code, code_len);
  lua_pushliteral(S, " ");
  lua_pushlstring(S, text, (size_t)(end - text));
  lua_concat(S, 3);
  set_named(S, "err");
}

void push_error_text(lua_State *S, const char *message) { push_error(S, message, strlen(message)); }

/* Pushes the field whose name is at `slot` of the table on top. */
static int field(lua_State *S, int slot) {
  lua_pushvalue(S, slot);
  lua_rawget(S, -2);
  return lua_type(S, -1);
}

static void write_bulk(lua_State *S) {
  size_t len;
  const char *bytes = lua_tolstring(S, -1, &len);
  buffer_header(&out, '$', (long long)len);
  buffer_add(&out, bytes, len);
  buffer_crlf(&out);
}

static void write_null(int resp3) { buffer_text(&out, resp3 ? "_\r\n" : "$-1\r\n"); }

static void write_boolean(lua_State *S, int resp3) {
  int value = lua_toboolean(S, -1);
  if (protocol == 2 && !value)
    write_null(resp3);
  else if (protocol == 2 || !resp3)
    buffer_header(&out, ':', value);
  else
    buffer_text(&out, value ? "#t\r\n" : "#f\r\n");
}

static void write_failure(lua_State *S) {
  lua_pop(S, 1);
  int ignore = field(S, SLOT_IGNORE) == LUA_TBOOLEAN && lua_toboolean(S, -1);
  lua_pop(S, 1);
  if (control.outcome != OUTCOME_ERROR) control.outcome = ignore ? OUTCOME_COMMAND_ERROR : OUTCOME_ERROR;
  field(S, SLOT_ERR);
  const char *text = lua_tostring(S, -1);
  size_t len = strlen(text);
  while (len && (text[len - 1] == '\r' || text[len - 1] == '\n')) len--;
  buffer_add(&out, "-", 1);
  buffer_line(&out, text, len);
  buffer_crlf(&out);
}

static void write_double(lua_State *S, int resp3) {
  char text[40];
  int len = snprintf(text, sizeof text, "%.17g", lua_tonumber(S, -1));
  if (resp3)
    buffer_add(&out, ",", 1);
  else
    buffer_header(&out, '$', len);
  buffer_add(&out, text, (size_t)len);
  buffer_crlf(&out);
}

static void write_big_number(lua_State *S, int resp3) {
  size_t len;
  const char *text = lua_tolstring(S, -1, &len);
  if (resp3)
    buffer_add(&out, "(", 1);
  else
    buffer_header(&out, '$', (long long)len);
  buffer_line(&out, text, len);
  buffer_crlf(&out);
}

/* The table with `format` and `string` is on top; 0 if it has not both. */
static int write_verbatim(lua_State *S, int resp3) {
  int is_complete = field(S, SLOT_FORMAT) == LUA_TSTRING;
  lua_pushvalue(S, SLOT_STRING);
  lua_rawget(S, -3);
  is_complete = is_complete && lua_type(S, -1) == LUA_TSTRING;
  if (is_complete && resp3) {
    size_t len;
    const char *text = lua_tolstring(S, -1, &len), *format = lua_tostring(S, -2);
    buffer_header(&out, '=', (long long)len + 4);
    for (int i = 0; i < 3; i++) buffer_add(&out, *format ? format++ : " ", 1);
    buffer_add(&out, ":", 1);
    buffer_add(&out, text, len);
    buffer_crlf(&out);
  } else if (is_complete) {
    write_bulk(S);
  }
  lua_pop(S, 2);
  return is_complete;
}

/*
 * Aggregates that are being written, the innermost last. Not by recursion: Redis nests them thousands deep, and the machine's stack
 * would not last. The aggregate's table stays on Lua's stack, above it the key of the present element of a map or set.
 */
typedef struct {
  enum { ARRAY, MAP_KEY, MAP_VALUE, SET } kind;
  /* Elements written of `count`, for arrays. */
  int done;
  int count;
  /* Lua's stack without it. */
  int below;
} Aggregate;

static Buffer aggregates;

static Aggregate *innermost(void) { return (Aggregate *)(aggregates.at + aggregates.len) - 1; }

static void begin(int kind, int count, int below) {
  Aggregate aggregate = {.kind = kind, .count = count, .below = below};
  buffer_add(&aggregates, (const char *)&aggregate, sizeof aggregate);
}

/* The table on top is the content of a map or a set. */
static void begin_keyed(lua_State *S, int kind, int resp3, int below) {
  int count = 0;
  for (lua_pushnil(S); lua_next(S, -2); lua_pop(S, 1)) count++;
  if (resp3)
    buffer_header(&out, kind == SET ? '~' : '%', count);
  else
    buffer_header(&out, '*', kind == SET ? count : count * 2);
  begin(kind, count, below);
  lua_pushnil(S);
}

/* An array ends before its first nil. */
static void begin_array(lua_State *S, int below) {
  int count = 0;
  for (;; count++) {
    lua_rawgeti(S, -1, count + 1);
    int ends = lua_isnil(S, -1);
    lua_pop(S, 1);
    if (ends) break;
  }
  buffer_header(&out, '*', count);
  begin(ARRAY, count, below);
}

static void write_status(lua_State *S) {
  const char *text = lua_tostring(S, -1);
  buffer_add(&out, "+", 1);
  buffer_line(&out, text, strlen(text));
  buffer_crlf(&out);
}

/* Writes the table on top, or begins to: 1 when there is more of it to come. Leaves what it pushed. */
static int write_table(lua_State *S, int resp3) {
  int below = lua_gettop(S) - 1;
  if (field(S, SLOT_ERR) == LUA_TSTRING) return write_failure(S), 0;
  lua_pop(S, 1);
  if (field(S, SLOT_OK) == LUA_TSTRING) return write_status(S), 0;
  lua_pop(S, 1);
  if (field(S, SLOT_DOUBLE) == LUA_TNUMBER) return write_double(S, resp3), 0;
  lua_pop(S, 1);
  if (field(S, SLOT_BIG_NUMBER) == LUA_TSTRING) return write_big_number(S, resp3), 0;
  lua_pop(S, 1);
  if (field(S, SLOT_VERBATIM) == LUA_TTABLE && write_verbatim(S, resp3)) return 0;
  lua_pop(S, 1);
  if (field(S, SLOT_MAP) == LUA_TTABLE) return begin_keyed(S, MAP_KEY, resp3, below), 1;
  lua_pop(S, 1);
  if (field(S, SLOT_SET) == LUA_TTABLE) return begin_keyed(S, SET, resp3, below), 1;
  lua_pop(S, 1);
  return begin_array(S, below), 1;
}

static int has_room(lua_State *S) {
  if (lua_gettop(S) - SLOTS_EXTRA + LEVEL_STACK > REPLY_STACK_MAX) return 0;
  luaD_checkstack(S, LEVEL_STACK + 1);
  if (S->ci->top < S->top + LEVEL_STACK + 1) S->ci->top = S->top + LEVEL_STACK + 1;
  return 1;
}

/* Writes the value on top and pops it, or, when it is an aggregate, begins that. */
static void write_one(lua_State *S, int resp3) {
  int below = lua_gettop(S) - 1;
  if (!has_room(S)) {
    control.outcome = OUTCOME_ERROR;
    buffer_text(&out, "-ERR reached lua stack limit\r\n");
  } else {
    switch (lua_type(S, -1)) {
      case LUA_TSTRING:
        write_bulk(S);
        break;
      case LUA_TBOOLEAN:
        write_boolean(S, resp3);
        break;
      case LUA_TNUMBER:
        buffer_header(&out, ':', (long long)lua_tonumber(S, -1));
        break;
      case LUA_TTABLE:
        if (write_table(S, resp3)) return;
        break;
      default:
        write_null(resp3);
    }
  }
  lua_settop(S, below);
}

/* Pushes the next element of the innermost aggregate; 0 if there is none. */
static int push_next(lua_State *S) {
  Aggregate *a = innermost();
  switch (a->kind) {
    case ARRAY:
      if (a->done == a->count) return 0;
      lua_rawgeti(S, -1, ++a->done);
      return 1;
    case MAP_VALUE:
      a->kind = MAP_KEY;
      return 1;
    default:
      if (!lua_next(S, -2)) return 0;
      if (a->kind == SET)
        lua_pop(S, 1);
      else
        a->kind = MAP_VALUE;
      lua_pushvalue(S, a->kind == SET ? -1 : -2);
      return 1;
  }
}

/* Writes the value on top of the main stack and pops it. */
void write_value(lua_State *S, int resp3) {
  aggregates.len = 0;
  write_one(S, resp3);
  while (aggregates.len) {
    if (push_next(S)) {
      write_one(S, resp3);
    } else {
      lua_settop(S, innermost()->below);
      aggregates.len -= sizeof(Aggregate);
    }
  }
}
