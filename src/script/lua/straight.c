/*
 * Whether a function surely ends soon: it has no loop, makes no functions, and the globals it names can't run Lua code of the script's
 * making. Such a script need not be able to pause, which saves the cost of a suspendable call.
 */
#include <string.h>

#include "glue.h"
#include "lobject.h"
#include "lopcodes.h"
#include "lstate.h"

static const char *const harmless[] = {"KEYS",   "ARGV",   "redis", "tonumber", "tostring", "cjson",  "cmsgpack", "struct", "bit",
                                       "math",   "string", "table", "type",     "unpack",   "select", "error",    "assert", "next",
                                       "ipairs", "pairs",  "pcall", NULL};

static int is_harmless(const char *name) {
  for (const char *const *known = harmless; *known; known++)
    if (strcmp(*known, name) == 0) return 1;
  return 0;
}

int runs_straight(lua_State *S) {
  /* Then collecting garbage runs code of other scripts. */
  if (deprecated_api) return 0;
  const Closure *closure = clvalue(S->top - 1);
  if (closure->c.isC || closure->l.nupvalues > 0) return 0;
  const Proto *p = closure->l.p;
  if (p->sizep > 0) return 0;
  for (int i = 0; i < p->sizecode; i++) {
    Instruction code = p->code[i];
    switch (GET_OPCODE(code)) {
      case OP_JMP:
      case OP_FORLOOP:
      case OP_FORPREP:
        if (GETARG_sBx(code) < 0) return 0;
        break;
      case OP_GETGLOBAL:
        if (!is_harmless(getstr(rawtsvalue(&p->k[GETARG_Bx(code)])))) return 0;
        break;
      default:
        break;
    }
  }
  return 1;
}
