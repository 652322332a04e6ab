/** What the operating system calls its errors, as messages of servers show them. */
const TEXTS: Record<string, string> = {
  EACCES: "Permission denied",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EDQUOT: "Disk quota exceeded",
  EEXIST: "File exists",
  EFBIG: "File too large",
  EIO: "Input/output error",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  EMFILE: "Too many open files",
  ENAMETOOLONG: "File name too long",
  ENOENT: "No such file or directory",
  ENOSPC: "No space left on device",
  ENOTDIR: "Not a directory",
  EPERM: "Operation not permitted",
  EROFS: "Read-only file system",
};

/** The system's words for the error that a file operation threw. */
export function osErrorText(error: unknown): string {
  const code = (error as { code?: unknown }).code;
  if (typeof code === "string") return TEXTS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
