// Lua's protected calls by WebAssembly's exceptions: it needs no more than one kind, without a value.
extern "C" {

int lua_protected_try(void (*f)(void *, void *), void *L, void *ud) {
  try {
    f(L, ud);
    return 0;
  } catch (...) {
    return 1;
  }
}

void lua_protected_throw(void) { __builtin_wasm_throw(0, nullptr); }

void *__cxa_begin_catch(void *exception) { return exception; }

void __cxa_end_catch(void) {}
}
