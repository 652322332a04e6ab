/*
 * What scripts find: the libraries, an own math.random, and globals that are read-only and complain about names that do not exist.
 */
#include <math.h>
#include <string.h>

#include "glue.h"
#include "lualib.h"

int luaopen_cjson(lua_State *S);
int luaopen_struct(lua_State *S);
int luaopen_cmsgpack(lua_State *S);
int luaopen_bit(lua_State *S);

/* In the registry: what the names of functions' machines stand for, while a library is loaded and otherwise. */
#define LIBRARY_GLOBALS "library globals"
#define FUNCTION_GLOBALS "function globals"

/* Names that Lua's base library defines and scripts do not get. */
static const char *const denied[] = {"dofile", "loadfile", "print", NULL};
/* Those that they get only if the server's user wants it: with them a script can leave traps for others. */
static const char *const deprecated[] = {"setfenv", "getfenv", "newproxy", NULL};

static const luaL_Reg libraries[] = {{"", luaopen_base},
                                     {LUA_TABLIBNAME, luaopen_table},
                                     {LUA_STRLIBNAME, luaopen_string},
                                     {LUA_MATHLIBNAME, luaopen_math},
                                     {"cjson", luaopen_cjson},
                                     {"struct", luaopen_struct},
                                     {"cmsgpack", luaopen_cmsgpack},
                                     {"bit", luaopen_bit},
                                     {NULL, NULL}};

/* The generator of drand48: equal seeds give equal numbers as in Redis. */
#define RANDOM_FACTOR 0x5DEECE66DULL
#define RANDOM_ADDEND 0xBULL
#define RANDOM_MASK ((1ULL << 48) - 1)
#define RANDOM_MAX 0x7FFFFFFF
static uint64_t random_state = 0x1234ABCD330EULL;

static int math_random(lua_State *S) {
  if (state != RUNNING) return luaL_error(S, "math.random can only be called inside a script invocation");
  random_state = (random_state * RANDOM_FACTOR + RANDOM_ADDEND) & RANDOM_MASK;
  lua_Number r = (lua_Number)((random_state >> 17) % RANDOM_MAX) / (lua_Number)RANDOM_MAX;
  int count = lua_gettop(S);
  if (count == 0) {
    lua_pushnumber(S, r);
    return 1;
  }
  if (count > 2) return luaL_error(S, "wrong number of arguments");
  int low = count == 1 ? 1 : luaL_checkint(S, 1);
  int high = luaL_checkint(S, count);
  luaL_argcheck(S, low <= high, count, "interval is empty");
  lua_pushnumber(S, floor(r * ((lua_Number)high - low + 1)) + low);
  return 1;
}

static int math_randomseed(lua_State *S) {
  if (state != RUNNING) return luaL_error(S, "math.randomseed can only be called inside a script invocation");
  random_state = (uint64_t)(uint32_t)luaL_checkint(S, 1) << 16 | 0x330E;
  return 0;
}

/* pcall as scripts written before Redis 7 expect it: an error that is a table is told as its text. */
static int base_pcall(lua_State *S) {
  if (lua_gettop(S) == 0) lua_pushboolean(S, 1);
  int failed = lua_pcall(S, lua_gettop(S) - 1, LUA_MULTRET, 0);
  if (failed && lua_istable(S, -1)) {
    lua_getfield(S, -1, "err");
    if (lua_isstring(S, -1))
      lua_replace(S, -2);
    else
      lua_pop(S, 1);
  }
  lua_pushboolean(S, !failed);
  lua_insert(S, 1);
  return lua_gettop(S);
}

/* Turns what was raised into a table with the text, and the place where it happened: that of the caller of a C function. */
int error_handler(lua_State *S) {
  lua_Debug place;
  int known = lua_getstack(S, 1, &place) && lua_getinfo(S, "Sl", &place);
  if (known && *place.what == 'C') known = lua_getstack(S, 2, &place) && lua_getinfo(S, "Sl", &place);
  if (!lua_istable(S, 1)) {
    lua_newtable(S);
    lua_pushliteral(S, "ERR ");
    lua_getglobal(S, "tostring");
    lua_pushvalue(S, 1);
    lua_call(S, 1, 1);
    lua_concat(S, 2);
    lua_setfield(S, -2, "err");
    lua_replace(S, 1);
  }
  lua_settop(S, 1);
  if (known) {
    lua_pushstring(S, place.source);
    lua_setfield(S, 1, "source");
    lua_pushinteger(S, place.currentline);
    lua_setfield(S, 1, "line");
  }
  return 1;
}

static int unknown_global(lua_State *S) {
  if (lua_gettop(S) != 2) return luaL_error(S, "Wrong number of arguments to luaProtectedTableError");
  if (!lua_isstring(S, 2)) return luaL_error(S, "Second argument to luaProtectedTableError must be a string or number");
  return luaL_error(S, "Script attempted to access nonexistent global variable '%s'", lua_tostring(S, 2));
}

/* The table on top complains about names that it has not. */
static void complain_about_unknown(lua_State *S) {
  lua_newtable(S);
  lua_pushcfunction(S, unknown_global);
  lua_setfield(S, -2, "__index");
  lua_setmetatable(S, -2);
}

/* Makes the table on top read-only, and all tables that can be reached from it. */
static void protect(lua_State *S) {
  if (lua_isreadonlytable(S, -1)) return;
  lua_enablereadonlytable(S, -1, 1);
  luaL_checkstack(S, 4, "");
  for (lua_pushnil(S); lua_next(S, -2); lua_pop(S, 1))
    if (lua_istable(S, -1)) protect(S);
  if (lua_getmetatable(S, -1)) {
    protect(S);
    lua_pop(S, 1);
  }
}

static void take_away(lua_State *S, const char *const *names) {
  for (; *names; names++) {
    lua_pushnil(S);
    lua_setglobal(S, *names);
  }
}

static void open_libraries(lua_State *S) {
  for (const luaL_Reg *library = libraries; library->func; library++) {
    lua_pushcfunction(S, library->func);
    lua_pushstring(S, library->name);
    lua_call(S, 1, 0);
  }
  take_away(S, denied);
  if (!deprecated_api) take_away(S, deprecated);
  lua_pushcfunction(S, base_pcall);
  lua_setglobal(S, "pcall");
  lua_getglobal(S, LUA_MATHLIBNAME);
  lua_pushcfunction(S, math_random);
  lua_setfield(S, -2, "random");
  lua_pushcfunction(S, math_randomseed);
  lua_setfield(S, -2, "randomseed");
  lua_pop(S, 1);
}

/*
 * Functions' globals are an empty table whose metatable says where names are looked up: changed while a library is loaded, which may
 * do nothing but register functions.
 */
static void open_function_globals(lua_State *S) {
  lua_newtable(S);
  open_library_api(S);
  complain_about_unknown(S);
  lua_setfield(S, -2, "redis");
  complain_about_unknown(S);
  protect(S);
  lua_setfield(S, LUA_REGISTRYINDEX, LIBRARY_GLOBALS);

  lua_pushvalue(S, LUA_GLOBALSINDEX);
  lua_setfield(S, LUA_REGISTRYINDEX, FUNCTION_GLOBALS);
  lua_newtable(S);
  lua_newtable(S);
  lua_pushvalue(S, LUA_GLOBALSINDEX);
  lua_setfield(S, -2, "__index");
  lua_enablereadonlytable(S, -1, 1);
  lua_setmetatable(S, -2);
  lua_enablereadonlytable(S, -1, 1);
  lua_replace(S, LUA_GLOBALSINDEX);
}

static void look_up_in(lua_State *S, const char *globals) {
  lua_getmetatable(S, LUA_GLOBALSINDEX);
  lua_enablereadonlytable(S, -1, 0);
  lua_getfield(S, LUA_REGISTRYINDEX, globals);
  lua_setfield(S, -2, "__index");
  lua_enablereadonlytable(S, -1, 1);
  lua_pop(S, 1);
}

void enter_library(lua_State *S) { look_up_in(S, LIBRARY_GLOBALS); }

void leave_library(lua_State *S) { look_up_in(S, FUNCTION_GLOBALS); }

void open_sandbox(lua_State *S) {
  open_libraries(S);
  open_api(S);
  lua_setglobal(S, "redis");
  if (!functions) {
    lua_pushcfunction(S, error_handler);
    lua_setglobal(S, "__redis__err__handler");
  }
  lua_pushvalue(S, LUA_GLOBALSINDEX);
  complain_about_unknown(S);
  protect(S);
  lua_pop(S, 1);
  lua_pushliteral(S, "");
  lua_getmetatable(S, -1);
  protect(S);
  lua_pop(S, 2);
  if (functions) open_function_globals(S);
}
