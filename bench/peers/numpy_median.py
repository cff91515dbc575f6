# The peer of stats_bench: numpy.median of the data region of a CCD, from a fresh map of its file. Lines in: the type and the path;
# lines out: seconds, and the median.
import sys
import time

import numpy as np

for line in sys.stdin:
    kind, path, offset, height, width, x1, x2 = line.split()
    begin = time.perf_counter()
    pixels = np.memmap(path, dtype=kind, mode="r", offset=int(offset), shape=(int(height), int(width)))
    median = np.median(pixels[:, int(x1):int(x2)])
    print(time.perf_counter() - begin, repr(float(median)), flush=True)
