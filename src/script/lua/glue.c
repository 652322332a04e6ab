/*
 * The machine's entries: one call per script run, its arguments in one buffer, its reply in another.
 */
#include "glue.h"

#include <stdlib.h>
#include <string.h>

#include "lgc.h"
#include "lualib.h"

/* Writes the running script's name, and answers its length. */
IMPORT("name") size_t host_name(char *to, size_t room);
IMPORT("poll") int host_poll(void);
/* Suspends the whole run until the host goes on. */
IMPORT("pause") void host_pause(void);

#define HOOK_INSTRUCTIONS 100000
#define NAME_BYTES_MAX 1024
#define MESSAGE_BYTES_MAX 100
#define REPLY_AREA_BYTES (64 * 1024)

enum { GO_ON, KILL, PAUSE };

Control control;
Buffer out;
int state = IDLE;
int protocol = 2;
int functions;
int deprecated_api;
int version;

static lua_State *L;
static int killed;
static Buffer input;
static Buffer large_reply;

EXPORT("control") Control *get_control(void) { return &control; }

/* Room for a script's text, or the arguments of a run: each a 32-bit length and the bytes, filled up to a multiple of four. */
EXPORT("input") char *get_input(size_t len) {
  input.len = 0;
  buffer_reserve(&input, len);
  return input.at;
}

/* Room for a reply that does not fit into the reply area. */
EXPORT("reply_room") char *get_reply_room(size_t len) {
  large_reply.len = 0;
  buffer_reserve(&large_reply, len);
  return large_reply.at;
}

/* Buffers that one big value made grow do not stay that big. */
static void trim(Buffer *b) {
  if (b->room <= REPLY_AREA_BYTES) return;
  free(b->at);
  *b = (Buffer){0};
}

static void trim_buffers(void) {
  trim(&input);
  trim(&large_reply);
}

static int is_killed(void) {
  int verdict = host_poll();
  if (verdict == PAUSE) {
    host_pause();
    verdict = host_poll();
  }
  return verdict == KILL;
}

static void hook(lua_State *S, lua_Debug *event) {
  (void)event;
  if (!killed && !is_killed()) return;
  /* From now on at every line, so that a script which catches the error does not live on. */
  killed = 1;
  lua_sethook(S, hook, LUA_MASKLINE, 0);
  lua_sethook(L, hook, LUA_MASKLINE, 0);
  push_error_text(S, state == LOADING ? "FUNCTION LOAD timeout" : "Script killed by user with SCRIPT KILL...");
  lua_error(S);
}

static int panic(lua_State *S) {
  (void)S;
  __builtin_trap();
}

static void push_slots(void) {
  static const char *const names[] = {"KEYS",   "ARGV", "err", "ok",     "double", "big_number",               "verbatim_string", "format",
                                      "string", "map",  "set", "source", "line",   "ignore_error_stats_update"};
  lua_pushcfunction(L, error_handler);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) lua_pushstring(L, names[i]);
}

/* Made by the linker. Only because it is called here, exports are not wrapped in calls of it. */
void __wasm_call_ctors(void);

/* Makes the machine. Must be the first call. */
EXPORT("start") void start(int for_functions, int redis_version, int with_deprecated_api) {
  __wasm_call_ctors();
  functions = for_functions;
  deprecated_api = with_deprecated_api;
  version = redis_version;
  L = lua_newstate(allocate, NULL);
  lua_atpanic(L, panic);
  open_sandbox(L);
  luaL_checkstack(L, SLOT_COUNT + LUA_MINSTACK, "");
  push_slots();
  buffer_reserve(&out, REPLY_AREA_BYTES);
  control.reply_area = malloc(REPLY_AREA_BYTES);
  control.reply_area_len = REPLY_AREA_BYTES;
}

static void write_out(void) {
  control.out = out.at;
  control.out_len = (int32_t)out.len;
}

/* The error on top, without a code, is what the host reads. */
static void tell_error(void) {
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  out.len = 0;
  if (text) buffer_add(&out, text, len);
  write_out();
}

/* Keeps the function on top. */
static int keep(void) {
  int straight = runs_straight(L);
  return luaL_ref(L, LUA_REGISTRYINDEX) * 2 + straight;
}

static int keep_protected(lua_State *S) {
  (void)S;
  int handle = keep();
  lua_pushinteger(L, handle);
  return 1;
}

/* Lua 5.1 does not collect when memory runs out. */
static void collect_after(int status) {
  if (status == LUA_ERRMEM) lua_gc(L, LUA_GCCOLLECT, 0);
}

/* Compiles the `len` bytes of the input. Answers a handle, or 0 with the error's text in `out`. */
EXPORT("compile") int compile(size_t len) {
  int status = luaL_loadbuffer(L, input.at, len, "@user_script");
  if (status == 0) {
    lua_pushcfunction(L, keep_protected);
    lua_insert(L, -2);
    status = lua_pcall(L, 1, 1, 0);
  }
  int handle = 0;
  if (status == 0)
    handle = (int)lua_tointeger(L, -1);
  else
    tell_error();
  lua_settop(L, SLOT_COUNT);
  collect_after(status);
  trim_buffers();
  return handle;
}

EXPORT("release") void release(int handle) { luaL_unref(L, LUA_REGISTRYINDEX, handle >> 1); }

static void set_hook(void) {
  killed = 0;
  lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

/* Runs a library's code. Answers 0, or 1 with the error's text in `out`. */
EXPORT("load_library") int load_library(size_t len) {
  enter_library(L);
  state = LOADING;
  out.len = 0;
  int status = luaL_loadbuffer(L, input.at, len, "@user_function");
  if (status != 0) {
    buffer_text(&out, "Error compiling function: ");
  } else {
    set_hook();
    status = lua_pcall(L, 0, 0, 0);
    if (status != 0) {
      buffer_text(&out, "Error registering functions: ");
      if (lua_isstring(L, -1)) {
        buffer_text(&out, "ERR ");
      } else if (lua_istable(L, -1)) {
        lua_pushvalue(L, SLOT_ERR);
        lua_rawget(L, -2);
      }
    }
  }
  if (status != 0 && lua_isstring(L, -1)) buffer_text(&out, lua_tostring(L, -1));
  write_out();
  lua_settop(L, SLOT_COUNT);
  state = IDLE;
  lua_sethook(L, NULL, 0, 0);
  leave_library(L);
  collect_after(status);
  trim_buffers();
  return status != 0;
}

/* A table of the next `count` arguments of the input. */
static const char *push_arguments(const char *at, int count) {
  lua_createtable(L, count, 0);
  for (int i = 1; i <= count; i++) {
    uint32_t len = *(const uint32_t *)at;
    lua_pushlstring(L, at + 4, len);
    lua_rawseti(L, -2, i);
    at += 4 + ((len + 3) & ~3u);
  }
  return at;
}

static void set_global(int slot) {
  lua_pushvalue(L, slot);
  lua_insert(L, -2);
  lua_enablereadonlytable(L, LUA_GLOBALSINDEX, 0);
  lua_rawset(L, LUA_GLOBALSINDEX);
  lua_enablereadonlytable(L, LUA_GLOBALSINDEX, 1);
}

static const char *text_field(int slot) {
  lua_pushvalue(L, slot);
  lua_rawget(L, -2);
  const char *text = lua_tostring(L, -1);
  /* The table still holds it, or, if it was a number, it must be used before anything else is made. */
  lua_pop(L, 1);
  return text;
}

static void add_name(void) {
  buffer_reserve(&out, NAME_BYTES_MAX);
  out.len += host_name(out.at + out.len, NAME_BYTES_MAX);
}

static int is_counted_already(void) {
  lua_pushvalue(L, SLOT_IGNORE);
  lua_rawget(L, -2);
  int ignore = lua_isboolean(L, -1) && lua_toboolean(L, -1);
  lua_pop(L, 1);
  return ignore;
}

/* Writes the error on top as a reply. */
static void write_error(void) {
  if (!lua_istable(L, -1)) {
    const char *text = lua_isstring(L, -1) ? lua_tostring(L, -1) : "execution failure";
    size_t len = strlen(text);
    buffer_text(&out, "-ERR Error running script ");
    add_name();
    buffer_text(&out, ", ");
    buffer_line(&out, text, len < MESSAGE_BYTES_MAX ? len : MESSAGE_BYTES_MAX);
    buffer_crlf(&out);
    control.outcome = OUTCOME_ERROR;
    return;
  }
  const char *text = text_field(SLOT_ERR);
  if (!text) text = "ERR unknown error";
  buffer_text(&out, "-");
  buffer_line(&out, text, strlen(text));
  const char *source = text_field(SLOT_SOURCE);
  const char *line = text_field(SLOT_LINE);
  if (source && line) {
    buffer_text(&out, " script: ");
    add_name();
    buffer_text(&out, ", on ");
    buffer_line(&out, source, strlen(source));
    buffer_text(&out, ":");
    buffer_line(&out, line, strlen(line));
    buffer_text(&out, ".");
  }
  buffer_crlf(&out);
  control.outcome = is_counted_already() ? OUTCOME_COMMAND_ERROR : OUTCOME_ERROR;
}

/* Runs the function with the input's `keys` and `args` arguments; its reply is in `out`. */
EXPORT("run") void run(int handle, int keys, int args, int resp3) {
  state = RUNNING;
  protocol = 2;
  control.outcome = OUTCOME_DONE;
  control.done = 0;
  out.len = 0;
  if (out.room > 2 * REPLY_AREA_BYTES) {
    trim(&out);
    buffer_reserve(&out, REPLY_AREA_BYTES);
  }
  if (!(handle & 1)) set_hook();
  lua_rawgeti(L, LUA_REGISTRYINDEX, handle >> 1);
  const char *at = push_arguments(input.at, keys);
  if (!functions) set_global(SLOT_KEYS);
  push_arguments(at, args);
  if (!functions) set_global(SLOT_ARGV);
  int status = lua_pcall(L, functions ? 2 : 0, 1, SLOT_HANDLER);
  if (status == 0)
    write_value(L, resp3);
  else
    write_error();
  lua_settop(L, SLOT_COUNT);
  if (!(handle & 1)) lua_sethook(L, NULL, 0, 0);
  collect_after(status);
  if (input.room > REPLY_AREA_BYTES || large_reply.room > REPLY_AREA_BYTES) trim_buffers();
  write_out();
  control.done = 1;
  state = IDLE;
}
