/*
 * There are no files, no output and no process to end.
 */
#include "glue.h"

void abort(void) { __builtin_trap(); }

/* In place of exit, in Lua's core. */
void give_up(int code) {
  (void)code;
  __builtin_trap();
}

/* In place of luaL_loadfile, in the base library. */
int no_file(lua_State *S, const char *name) {
  (void)name;
  lua_pushliteral(S, "there are no files");
  return LUA_ERRFILE;
}

/* What is left of files in the C library asks nothing of the host: it hears that there is no such file. */
#define NO_SUCH_FILE 8

int __imported_wasi_snapshot_preview1_fd_close(int file) {
  (void)file;
  return NO_SUCH_FILE;
}

int __imported_wasi_snapshot_preview1_fd_seek(int file, long long offset, int whence, int result) {
  (void)file, (void)offset, (void)whence, (void)result;
  return NO_SUCH_FILE;
}

int __imported_wasi_snapshot_preview1_fd_write(int file, int vectors, int count, int result) {
  (void)file, (void)vectors, (void)count, (void)result;
  return NO_SUCH_FILE;
}
