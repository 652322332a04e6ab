/*
 * The table `redis` as scripts see it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "glue.h"

IMPORT("call")
const char *host_call(const char *frame, size_t len, const int32_t *ranges, int count, int resp3);
IMPORT("acl_check") int host_acl_check(const char *frame, size_t len, const int32_t *ranges, int count);
IMPORT("log") void host_log(int level, const char *text, size_t len);
IMPORT("set_replication") void host_set_replication(int flags);
IMPORT("sha1") void host_sha1(const char *bytes, size_t len, char *hex);
/* 0, or the length of an error's text, which is then in the reply area. */
IMPORT("register_function")
size_t host_register_function(int ref, const char *name, size_t name_len, const char *description, size_t description_len,
                              const char *flags, size_t flags_len);

#define SHA1_HEX_LENGTH 40
#define LEVEL_WARNING 3
#define REPLICATE_ALL 3

/* The request under construction: RESP, and where in memory each argument begins and how long it is. */
static Buffer frame;
static Buffer ranges;

static void add_argument(const char *bytes, size_t len) {
  buffer_header(&frame, '$', (long long)len);
  buffer_reserve(&ranges, 2 * sizeof(int32_t));
  int32_t *range = (int32_t *)(ranges.at + ranges.len);
  range[0] = (int32_t)frame.len;
  range[1] = (int32_t)len;
  ranges.len += 2 * sizeof(int32_t);
  buffer_reserve(&frame, len + 2);
  char *to = frame.at + frame.len;
  memcpy(to, bytes, len);
  to[len] = '\r';
  to[len + 1] = '\n';
  frame.len += len + 2;
}

static void add_number(double value) {
  char text[40];
  int len;
  if (value > -1e15 && value < 1e15 && value == (double)(long long)value && !(value == 0 && __builtin_signbit(value)))
    len = write_integer(text, (long long)value);
  else
    len = snprintf(text, sizeof text, "%.17g", value);
  add_argument(text, (size_t)len);
}

/* Builds the request of the arguments on the stack, and empties that; 0 with an error pushed if it can't be. */
static int build_request(lua_State *S) {
  int count = lua_gettop(S);
  if (count == 0) {
    push_error_text(S, "Please specify at least one argument for this redis lib call");
    return 0;
  }
  frame.len = ranges.len = 0;
  buffer_header(&frame, '*', count);
  for (int i = 1; i <= count; i++) {
    int type = lua_type(S, i);
    if (type == LUA_TNUMBER) {
      add_number(lua_tonumber(S, i));
    } else if (type == LUA_TSTRING) {
      size_t len;
      const char *bytes = lua_tolstring(S, i, &len);
      add_argument(bytes, len);
    } else {
      lua_settop(S, 0);
      push_error_text(S, "Lua redis lib command arguments must be strings or integers");
      return 0;
    }
  }
  lua_settop(S, 0);
  return count;
}

static int fail(lua_State *S, const char *message) {
  push_error_text(S, message);
  return lua_error(S);
}

static int call_command(lua_State *S, int raises) {
  if (state != RUNNING) return fail(S, "redis.call/pcall can only be called inside a script invocation");
  int count = build_request(S);
  if (count == 0) return raises ? lua_error(S) : 1;
  const char *reply = host_call(frame.at, frame.len, (const int32_t *)ranges.at, count, protocol == 3);
  int failed = *reply == '-';
  push_reply(S, reply);
  return failed && raises ? lua_error(S) : 1;
}

static int redis_call(lua_State *S) { return call_command(S, 1); }

static int redis_pcall(lua_State *S) { return call_command(S, 0); }

static int redis_error_reply(lua_State *S) {
  if (lua_gettop(S) != 1 || lua_type(S, 1) != LUA_TSTRING) {
    push_error_text(S, "wrong number or type of arguments");
    return 1;
  }
  if (*lua_tostring(S, 1) != '-') {
    lua_pushliteral(S, "-");
    lua_insert(S, 1);
    lua_concat(S, 2);
  }
  size_t len;
  const char *text = lua_tolstring(S, 1, &len);
  push_error(S, text, len);
  return 1;
}

static int redis_status_reply(lua_State *S) {
  if (lua_gettop(S) != 1 || lua_type(S, 1) != LUA_TSTRING) {
    push_error_text(S, "wrong number or type of arguments");
    return 1;
  }
  lua_createtable(S, 0, 1);
  lua_pushvalue(S, 1);
  lua_setfield(S, -2, "ok");
  return 1;
}

static int redis_sha1hex(lua_State *S) {
  if (lua_gettop(S) != 1) return fail(S, "wrong number of arguments");
  size_t len = 0;
  const char *bytes = lua_tolstring(S, 1, &len);
  char hex[SHA1_HEX_LENGTH];
  host_sha1(bytes ? bytes : "", bytes ? len : 0, hex);
  lua_pushlstring(S, hex, SHA1_HEX_LENGTH);
  return 1;
}

static int redis_log(lua_State *S) {
  int count = lua_gettop(S);
  if (count < 2) return fail(S, "redis.log() requires two arguments or more.");
  if (!lua_isnumber(S, 1)) return fail(S, "First argument must be a number (log level).");
  int level = (int)lua_tonumber(S, 1);
  if (level < 0 || level > LEVEL_WARNING) return fail(S, "Invalid debug level.");
  Buffer *text = &frame;
  text->len = 0;
  for (int i = 2; i <= count; i++) {
    size_t len;
    const char *part = lua_tolstring(S, i, &len);
    if (!part) continue;
    if (i > 2) buffer_add(text, " ", 1);
    buffer_add(text, part, len);
  }
  host_log(level, text->at, text->len);
  return 0;
}

static int redis_setresp(lua_State *S) {
  if (state != RUNNING) return fail(S, "redis.setresp can only be called inside a script invocation");
  if (lua_gettop(S) != 1) return fail(S, "redis.setresp() requires one argument.");
  int wanted = (int)lua_tonumber(S, 1);
  if (wanted != 2 && wanted != 3) return fail(S, "RESP version must be 2 or 3.");
  protocol = wanted;
  return 0;
}

static int redis_set_repl(lua_State *S) {
  if (state != RUNNING) return fail(S, "redis.set_repl can only be called inside a script invocation");
  if (lua_gettop(S) != 1) return fail(S, "redis.set_repl() requires two arguments.");
  int flags = (int)lua_tonumber(S, 1);
  if (flags & ~REPLICATE_ALL)
    return fail(S, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
  host_set_replication(flags);
  return 0;
}

static int redis_acl_check_cmd(lua_State *S) {
  if (state != RUNNING) return fail(S, "redis.acl_check_cmd can only be called inside a script invocation");
  int count = build_request(S);
  if (count == 0) return lua_error(S);
  int allowed = host_acl_check(frame.at, frame.len, (const int32_t *)ranges.at, count);
  if (allowed < 0) return fail(S, "Invalid command passed to redis.acl_check_cmd()");
  lua_pushboolean(S, allowed);
  return 1;
}

/* There is no debugger to stop in. */
static int redis_breakpoint(lua_State *S) {
  lua_pushboolean(S, 0);
  return 1;
}

static int redis_debug(lua_State *S) {
  (void)S;
  return 0;
}

static int redis_replicate_commands(lua_State *S) {
  lua_pushboolean(S, 1);
  return 1;
}

/* The arguments of redis.register_function; `ref` is LUA_NOREF until there is a callback. */
typedef struct {
  const char *name, *description;
  size_t name_len, description_len;
  int ref;
} Registration;

/* The flags of the table on top, each followed by a NUL, go to `frame`; 0 if one is no text. */
static int read_flags(lua_State *S) {
  for (int i = 1;; i++) {
    lua_pushnumber(S, i);
    lua_gettable(S, -2);
    size_t len;
    const char *flag = lua_tolstring(S, -1, &len);
    int ends = lua_isnil(S, -1);
    if (flag) buffer_add(&frame, flag, len + 1);
    lua_pop(S, 1);
    if (ends) return 1;
    if (!flag) return 0;
  }
}

/* Reads the argument whose name is below the value on top. Answers an error's text. */
static const char *read_named(lua_State *S, Registration *r) {
  const char *key = lua_tostring(S, -2);
  if (strcasecmp(key, "function_name") == 0) {
    r->name = lua_tolstring(S, -1, &r->name_len);
    return r->name ? NULL : "function_name argument given to redis.register_function must be a string";
  }
  if (strcasecmp(key, "description") == 0) {
    r->description = lua_tolstring(S, -1, &r->description_len);
    return r->description ? NULL : "description argument given to redis.register_function must be a string";
  }
  if (strcasecmp(key, "callback") == 0) {
    if (!lua_isfunction(S, -1)) return "callback argument given to redis.register_function must be a function";
    luaL_unref(S, LUA_REGISTRYINDEX, r->ref);
    lua_pushvalue(S, -1);
    r->ref = luaL_ref(S, LUA_REGISTRYINDEX);
    return NULL;
  }
  if (strcasecmp(key, "flags") != 0) return "unknown argument given to redis.register_function";
  if (!lua_istable(S, -1)) return "flags argument to redis.register_function must be a table representing function flags";
  return read_flags(S) ? NULL : "unknown flag given";
}

static const char *read_table(lua_State *S, Registration *r) {
  if (!lua_istable(S, 1))
    return "calling redis.register_function with a single argument is only applicable to Lua table (representing named "
           "arguments).";
  lua_pushnil(S);
  while (lua_next(S, 1)) {
    if (lua_type(S, -2) != LUA_TSTRING) {
      if (!lua_isstring(S, -2)) return "named argument key given to redis.register_function is not a string";
      return "unknown argument given to redis.register_function";
    }
    const char *error = read_named(S, r);
    if (error) return error;
    lua_pop(S, 1);
  }
  if (!r->name) return "redis.register_function must get a function name argument";
  return r->ref == LUA_NOREF ? "redis.register_function must get a callback argument" : NULL;
}

static const char *read_positional(lua_State *S, Registration *r) {
  r->name = lua_tolstring(S, 1, &r->name_len);
  if (!r->name) return "first argument to redis.register_function must be a string";
  if (!lua_isfunction(S, 2)) return "second argument to redis.register_function must be a function";
  lua_pushvalue(S, 2);
  r->ref = luaL_ref(S, LUA_REGISTRYINDEX);
  return NULL;
}

static int redis_register_function(lua_State *S) {
  if (state != LOADING) return fail(S, "redis.register_function can only be called on FUNCTION LOAD command");
  int count = lua_gettop(S);
  if (count < 1 || count > 2) return fail(S, "wrong number of arguments to redis.register_function");
  Registration r = {.ref = LUA_NOREF};
  frame.len = 0;
  const char *error = count == 1 ? read_table(S, &r) : read_positional(S, &r);
  if (error) {
    luaL_unref(S, LUA_REGISTRYINDEX, r.ref);
    return fail(S, error);
  }
  lua_rawgeti(S, LUA_REGISTRYINDEX, r.ref);
  int handle = r.ref * 2 + runs_straight(S);
  lua_pop(S, 1);
  size_t error_len =
      host_register_function(handle, r.name, r.name_len, r.description, r.description_len, frame.at, frame.len);
  if (error_len == 0) return 0;
  luaL_unref(S, LUA_REGISTRYINDEX, r.ref);
  push_error(S, control.reply_area, error_len);
  return lua_error(S);
}

typedef struct {
  const char *name;
  int value;
} Constant;

static const luaL_Reg common[] = {{"call", redis_call},
                                  {"pcall", redis_pcall},
                                  {"setresp", redis_setresp},
                                  {"sha1hex", redis_sha1hex},
                                  {"error_reply", redis_error_reply},
                                  {"status_reply", redis_status_reply},
                                  {"set_repl", redis_set_repl},
                                  {"acl_check_cmd", redis_acl_check_cmd},
                                  {NULL, NULL}};
static const luaL_Reg debugging[] = {{"breakpoint", redis_breakpoint},
                                     {"debug", redis_debug},
                                     {"replicate_commands", redis_replicate_commands},
                                     {NULL, NULL}};
static const Constant replication[] = {{"REPL_NONE", 0}, {"REPL_AOF", 1}, {"REPL_SLAVE", 2}, {"REPL_REPLICA", 2}, {"REPL_ALL", 3}, {NULL, 0}};
static const Constant levels[] = {{"LOG_DEBUG", 0}, {"LOG_VERBOSE", 1}, {"LOG_NOTICE", 2}, {"LOG_WARNING", 3}, {NULL, 0}};

static void set_functions(lua_State *S, const luaL_Reg *list) {
  for (; list->name; list++) {
    lua_pushcfunction(S, list->func);
    lua_setfield(S, -2, list->name);
  }
}

static void set_constants(lua_State *S, const Constant *list) {
  for (; list->name; list++) {
    lua_pushnumber(S, list->value);
    lua_setfield(S, -2, list->name);
  }
}

static void set_log_and_version(lua_State *S) {
  lua_pushcfunction(S, redis_log);
  lua_setfield(S, -2, "log");
  set_constants(S, levels);
  lua_pushnumber(S, version);
  lua_setfield(S, -2, "REDIS_VERSION_NUM");
  lua_pushfstring(S, "%d.%d.%d", version >> 16, version >> 8 & 255, version & 255);
  lua_setfield(S, -2, "REDIS_VERSION");
}

/* Pushes the table `redis` of scripts and functions. */
void open_api(lua_State *S) {
  lua_newtable(S);
  set_functions(S, common);
  set_log_and_version(S);
  set_constants(S, replication);
  if (!functions) set_functions(S, debugging);
}

/* Pushes the table `redis` of the code that registers functions. */
void open_library_api(lua_State *S) {
  lua_newtable(S);
  lua_pushcfunction(S, redis_register_function);
  lua_setfield(S, -2, "register_function");
  set_log_and_version(S);
}
