/*
 * What the parts of our glue share. One machine is one WebAssembly instance with one Lua state, so its state is global.
 *
 * Invariants:
 * - No import throws, and no export is called while a script runs, except `input` and `reply_room` from within an import.
 * - What runs outside lua_pcall must not raise a Lua error: the panic traps, and the host then makes the machine anew.
 */
#ifndef GLUE_H
#define GLUE_H

#include <stddef.h>
#include <stdint.h>

#include "lua.h"

#include "lauxlib.h"

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(name) __attribute__((import_module("host"), import_name(name)))

enum { OUTCOME_DONE, OUTCOME_ERROR, OUTCOME_COMMAND_ERROR };

/* Bytes that grow. Their memory is not Lua's, and not counted against its limit. */
typedef struct {
  char *at;
  size_t len;
  size_t room;
} Buffer;

void buffer_reserve(Buffer *b, size_t more);
void buffer_add(Buffer *b, const char *bytes, size_t len);
void buffer_text(Buffer *b, const char *text);
/* A RESP header or number line: the type, the number, CRLF. */
void buffer_header(Buffer *b, char type, long long value);
void buffer_number(Buffer *b, long long value);
void buffer_crlf(Buffer *b);
/* Adds the text with its line breaks turned into blanks. */
void buffer_line(Buffer *b, const char *text, size_t len);

/* What the host reads: the address is the export `control`. */
typedef struct {
  char *out;
  int32_t out_len;
  int32_t outcome;
  /* 1 when the last run has come to its end. */
  int32_t done;
  char *reply_area;
  int32_t reply_area_len;
} Control;

extern Control control;
extern Buffer out;

/* Places on the main stack, below everything else, of values that are needed without making them anew. */
enum {
  SLOT_HANDLER = 1,
  SLOT_KEYS,
  SLOT_ARGV,
  SLOT_ERR,
  SLOT_OK,
  SLOT_DOUBLE,
  SLOT_BIG_NUMBER,
  SLOT_VERBATIM,
  SLOT_FORMAT,
  SLOT_STRING,
  SLOT_MAP,
  SLOT_SET,
  SLOT_SOURCE,
  SLOT_LINE,
  SLOT_IGNORE,
  SLOT_COUNT = SLOT_IGNORE
};

enum { IDLE, RUNNING, LOADING };
extern int state;      /* What the machine is doing. */
extern int protocol;   /* What redis.setresp chose. */
extern int functions;  /* Whether this machine is for functions. */
extern int deprecated_api; /* Whether scripts find setfenv, getfenv and newproxy. */
extern int version;    /* What scripts are told: 0x00MMmmpp. */

/* values.c */
const char *push_reply(lua_State *S, const char *reply);
void write_value(lua_State *S, int resp3);
void push_error(lua_State *S, const char *message, size_t len);
void push_error_text(lua_State *S, const char *message);

/* api.c */
void open_api(lua_State *S);
void open_library_api(lua_State *S);

/* sandbox.c */
void open_sandbox(lua_State *S);
void enter_library(lua_State *S);
void leave_library(lua_State *S);
int error_handler(lua_State *S);

/* straight.c */
int runs_straight(lua_State *S);

/* numbers.c */
int write_integer(char *to, long long value);

/* memory.c */
extern size_t memory_used;
void *allocate(void *ud, void *block, size_t old_size, size_t new_size);

#endif
