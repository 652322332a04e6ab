/*
 * Lua's memory. Lua tells the size of what it frees, so small blocks need no headers: free lists by size, cut from bigger pieces.
 * The limit is for what Lua holds; reaching it is "not enough memory" for the script.
 */
#include <stdlib.h>
#include <string.h>

#include "glue.h"

#define STEP 8
#define SMALL_MAX 512
#define PIECE_BYTES (32 * 1024)

typedef struct Free {
  struct Free *next;
} Free;

size_t memory_used;
static size_t memory_limit = SIZE_MAX;
static Free *lists[SMALL_MAX / STEP + 1];
static char *piece;
static size_t piece_left;

EXPORT("set_memory_limit") void set_memory_limit(size_t bytes) { memory_limit = bytes; }

EXPORT("memory_used") size_t memory_used_now(void) { return memory_used; }

static size_t class_of(size_t size) { return (size + STEP - 1) / STEP; }

static void *take_small(size_t size) {
  size_t class = class_of(size);
  Free *block = lists[class];
  if (block) {
    lists[class] = block->next;
    return block;
  }
  size_t bytes = class * STEP;
  if (piece_left < bytes) {
    /* The rest of the old piece is not lost: it serves as a block of its size. */
    if (piece_left) {
      Free *rest = (Free *)piece;
      rest->next = lists[piece_left / STEP];
      lists[piece_left / STEP] = rest;
    }
    char *fresh = malloc(PIECE_BYTES);
    piece_left = fresh ? PIECE_BYTES : 0;
    if (!fresh) return NULL;
    piece = fresh;
  }
  void *result = piece;
  piece += bytes;
  piece_left -= bytes;
  return result;
}

static void give_small(void *block, size_t size) {
  Free *freed = block;
  freed->next = lists[class_of(size)];
  lists[class_of(size)] = freed;
}

static void *take(size_t size) { return size <= SMALL_MAX ? take_small(size) : malloc(size); }

static void give(void *block, size_t size) {
  if (size <= SMALL_MAX)
    give_small(block, size);
  else
    free(block);
}

void *allocate(void *ud, void *block, size_t old_size, size_t new_size) {
  (void)ud;
  if (!block) old_size = 0;
  if (new_size == 0) {
    if (block) give(block, old_size);
    memory_used -= old_size;
    return NULL;
  }
  if (new_size > old_size && memory_used + (new_size - old_size) > memory_limit) return NULL;
  void *result;
  if (!block) {
    result = take(new_size);
  } else if (old_size > SMALL_MAX && new_size > SMALL_MAX) {
    result = realloc(block, new_size);
  } else if (class_of(old_size) == class_of(new_size)) {
    result = block;
  } else {
    result = take(new_size);
    if (result) {
      memcpy(result, block, old_size < new_size ? old_size : new_size);
      give(block, old_size);
    }
  }
  if (result) memory_used += new_size - old_size;
  return result;
}
