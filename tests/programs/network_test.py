#!/usr/bin/python3
"""A database on a network file system is read, and not written unless IMREG_NETWORK=yes. statfs is made to say NFS by a library."""
import re
from harness import *

write("nfs.c", """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
int statfs(const char *path, struct statfs *info) {
  int (*real)(const char *, struct statfs *) = (int (*)(const char *, struct statfs *))dlsym(RTLD_NEXT, "statfs");
  int result = real(path, info);
  char full[PATH_MAX];
  if (result == 0 && realpath(path, full) && strstr(full, "/far")) info->f_type = 0x6969;
  return result;
}
""")
subprocess.run(["cc", "-shared", "-fPIC", "-o", "nfs.so", "nfs.c", "-ldl"], check=True)
# A sanitizer wants to be the first library.
linked = subprocess.run(["ldd", os.path.join(BIN, "imregister")], capture_output=True, text=True).stdout
first = re.findall(r"=> (\S*/lib[at]san\S*)", linked)
equal(bool(first), SANITIZED, "the sanitizer's library: " + linked)
nfs = {**os.environ, "LD_PRELOAD": ":".join([*first, os.path.abspath("nfs.so")])}
os.mkdir("far")
image("a.fits")
image("b.fits")

# Refused, with what to do; nothing is left behind.
words = ["is on a network file system (NFS)", "IMREG_NETWORK=yes"]
fails(3, words, "imregister", "-db", "far/x.db", "a.fits", env=nfs)
equal(os.listdir("far"), [], "nothing was made")
os.symlink("far", "near")
fails(3, words, "imregister", "-db", "near/x.db", "a.fits", env=nfs)
equal(os.listdir("far"), [], "nothing was made through a link")

# The same folder counts as local without the library, and a local one with it.
run("imregister", "-db", "here.db", "a.fits", code=0, env=nfs)
run("imregister", "-db", "far/x.db", "a.fits", code=0)
before = read("far/x.db")
fails(3, words, "imregister", "-db", "far/x.db", "b.fits", env=nfs)
equal(read("far/x.db"), before, "not a byte was changed")

# Reading needs nothing, writing the word.
equal(len(run("imsearch", "-db", "far/x.db", code=0, env=nfs).stdout.splitlines()), 1, "rows that are read")
run("imregister", "-db", "far/x.db", "b.fits", code=0, env={**nfs, "IMREG_NETWORK": "yes"})
equal([r["filename"] for r in rows("far/x.db")], ["a.fits", "b.fits"], "rows with IMREG_NETWORK=yes")
# New files of the other programs are nobody else's yet.
run("convertimreg", "far/x.db", "far/v3.db", "-to", "v3", code=0, env=nfs)
run("convertimreg", "far/v3.db", "far/back.db", "-to", "native", code=0, env=nfs)
run("imsim", "-rows", 5, "-db", "far/sim.db", code=0, env=nfs)
finish()
