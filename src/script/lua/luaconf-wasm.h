/*
 * Appended to Lua's luaconf.h: makes 32-bit WebAssembly behave like 64-bit Linux where scripts can see the difference.
 */
#ifndef LUACONF_WASM_H
#define LUACONF_WASM_H

#undef LUAI_THROW
#undef LUAI_TRY
#undef luai_jmpbuf
void lua_protected_throw(void);
int lua_protected_try(void (*f)(void *, void *), void *, void *);
#define LUAI_THROW(L, c) lua_protected_throw()
#define LUAI_TRY(L, c, a) \
  if (lua_protected_try((void (*)(void *, void *))f, L, ud) && (c)->status == 0) (c)->status = -1;
#define luai_jmpbuf int

#undef LUA_INTEGER
#define LUA_INTEGER long long

#undef LUA_INTFRMLEN
#undef LUA_INTFRM_T
#define LUA_INTFRMLEN "ll"
/* wide.h widens it. */
#define LUA_INTFRM_T long

/* C's own are slow here, for they reckon in long doubles. */
#undef lua_number2str
#undef lua_str2number
int number_to_text(char *to, double value);
double text_to_number(const char *text, char **end);
#define lua_number2str(s, n) number_to_text((s), (n))
#define lua_str2number(s, p) text_to_number((s), (p))

#endif
