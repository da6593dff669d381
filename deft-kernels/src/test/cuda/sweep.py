# Prints a list of candidate kernels (the argument picks a set): python3 sweep.py NAME > sweep.list
import sys
V = []
def v(minb, nt, mt, wm, wk, s, bk, sk=1, split=0, bulk=0):
    tn = mt * wm * 16; r = nt * 8
    stride = bk * 2 + 16
    red = wk * tn * r * 4
    if wk > 1 and red > 32768: red //= 2
    sm = (wk * s * 8 + 127) // 128 * 128 + wk * s * (tn + r) * stride + red
    lim = (227 if minb == 1 else 113 if minb == 2 else 75 if minb == 3 else 56) * 1024
    if sm > lim:
        print("too big", minb, nt, mt, wm, wk, s, bk, sm, file=sys.stderr); return
    c = {0: "", 1: f"_c{sk}", 2: f"_p{sk}"}[split]
    V.append(f"GEMM(r{r}_t{tn}_{wm}x{wk}_s{s}_b{bk}{c}{'_bulk' if bulk else ''}_o{minb}, {minb}, {nt}, {mt}, {wm}, {wk}, {s}, {bk}, {sk}, {split}, {'true' if bulk else 'false'})")
if sys.argv[1] == "a":
    for bulk in (0, 1):
        v(1, 1, 1, 1, 8, 4, 128, bulk=bulk)
        v(2, 1, 1, 1, 4, 4, 128, bulk=bulk)
        v(2, 1, 1, 1, 8, 2, 128, bulk=bulk)
        v(1, 1, 2, 1, 8, 2, 128, bulk=bulk)
        v(1, 1, 2, 1, 4, 5, 128, bulk=bulk)
        v(2, 1, 2, 1, 4, 2, 128, bulk=bulk)
        v(1, 1, 2, 1, 8, 2, 128, 1, bulk=bulk) if 0 else None
        v(2, 1, 2, 1, 4, 4, 64) if not bulk else None
        v(1, 1, 2, 1, 8, 5, 64) if not bulk else None
        v(3, 1, 1, 1, 4, 5, 64) if not bulk else v(1, 1, 2, 1, 4, 2, 256, bulk=1)
        v(1, 1, 2, 2, 4, 2, 128, bulk=bulk)
        v(2, 1, 2, 1, 4, 2, 128, 2, 1, bulk=bulk)
        # 16, 32 rows
        v(1, 2, 2, 1, 4, 4, 128, bulk=bulk)
        v(2, 2, 2, 1, 4, 2, 128, bulk=bulk)
        v(1, 4, 2, 1, 4, 3, 128, bulk=bulk)
        v(1, 4, 2, 2, 4, 2, 128, bulk=bulk)
        v(1, 4, 2, 2, 2, 3, 128, 2, 1, bulk=bulk)
        v(1, 4, 2, 4, 2, 2, 128, 4, 1, bulk=bulk)
        v(1, 4, 2, 4, 1, 4, 128, 4, 1, bulk=bulk)
        v(2, 4, 2, 4, 1, 2, 128, 4, 1, bulk=bulk)
        v(2, 4, 2, 2, 1, 3, 128, 4, 1, bulk=bulk)
        # 64 rows
        v(1, 8, 2, 2, 2, 2, 128, 2, 1, bulk=bulk)
        v(1, 8, 2, 4, 1, 3, 128, 4, 1, bulk=bulk)
        v(1, 8, 2, 4, 1, 3, 128, bulk=bulk)
        v(1, 8, 2, 4, 2, 3, 64, 4, 1) if not bulk else None
        v(2, 8, 2, 4, 1, 3, 64, 4, 1) if not bulk else None
        v(2, 8, 2, 4, 1, 3, 64) if not bulk else None
        v(1, 8, 4, 2, 1, 3, 128, 4, 1, bulk=bulk)
    v(1, 4, 2, 4, 1, 4, 128, 4, 2)
if sys.argv[1] == "b":
    for bulk in (0, 1):
        v(1, 1, 1, 1, 8, 4, 128, bulk=bulk)
        v(2, 1, 1, 1, 4, 4, 128, bulk=bulk)
        v(2, 1, 1, 1, 8, 2, 128, bulk=bulk)
        v(1, 1, 2, 1, 4, 5, 128, bulk=bulk)
        v(1, 1, 2, 1, 8, 2, 128, bulk=bulk)
        v(1, 1, 4, 1, 4, 2, 128, bulk=bulk)
        v(1, 1, 2, 2, 4, 2, 128, bulk=bulk)
    v(1, 1, 2, 1, 4, 2, 256, bulk=1)
    v(2, 1, 2, 1, 4, 4, 64)
    v(1, 1, 2, 1, 8, 4, 64)
    v(3, 1, 1, 1, 4, 5, 64)
    v(2, 1, 1, 1, 8, 4, 64)
    v(1, 1, 4, 1, 4, 4, 64)
    v(1, 1, 4, 1, 4, 4, 64, 2, 1)
    v(1, 1, 2, 2, 4, 4, 64, 2, 1)
    v(1, 1, 2, 2, 4, 4, 64)
    for mt, wm, wk, s, bk, sk, o in ((2,1,4,4,128,1,1), (2,1,4,4,64,1,2), (2,1,8,4,64,1,1), (4,1,4,4,64,1,1), (4,1,4,4,64,2,1), (2,2,4,4,64,1,1), (2,2,4,4,64,2,1), (2,2,2,4,64,2,2), (2,2,2,4,64,4,2), (2,2,4,2,128,1,1), (2,2,4,2,128,2,1)):
        v(o, 2, mt, wm, wk, s, bk, sk, 1 if sk > 1 else 0)
    for mt, wm, wk, s, bk, sk, o in ((2,2,4,3,64,1,1), (2,2,4,3,64,2,1), (2,2,2,3,64,4,2), (2,4,2,3,64,4,1), (2,4,2,4,64,4,1),(2,4,2,4,64,1,1), (2,4,1,4,64,4,2), (2,4,1,4,64,1,2), (4,2,2,4,64,4,1), (4,2,1,4,64,4,2), (2,4,2,2,128,4,1), (2,4,1,2,128,4,2), (4,4,1,4,64,8,1), (4,4,1,4,64,1,1), (4,4,1,4,64,2,1)):
        v(o, 4, mt, wm, wk, s, bk, sk, 1 if sk > 1 else 0)
    for mt, wm, wk, s, bk, sk, o in ((2,2,4,2,64,2,1), (2,2,2,4,64,4,1), (2,4,2,3,64,4,1), (2,4,2,3,64,1,1), (2,4,1,2,64,4,2), (4,2,2,3,64,4,1), (4,2,1,2,64,4,2), (2,4,1,3,128,4,1),(2,4,1,3,128,1,1), (4,4,1,3,64,8,1), (4,4,1,3,64,1,1), (2,8,1,3,64,8,1), (2,8,1,3,64,1,1), (2,8,1,3,64,2,1)):
        v(o, 8, mt, wm, wk, s, bk, sk, 1 if sk > 1 else 0)
if sys.argv[1] == "p":
    v(2, 1, 1, 1, 8, 2, 128, bulk=1)
    v(2, 1, 1, 1, 8, 2, 128)
    v(1, 1, 1, 1, 4, 4, 256, bulk=1)
    v(1, 1, 1, 1, 4, 2, 512, bulk=1)
    v(1, 1, 2, 1, 4, 2, 256, bulk=1)
    v(1, 1, 2, 1, 4, 5, 128)
    v(1, 1, 2, 1, 8, 4, 64)
    v(2, 1, 1, 1, 4, 2, 256, bulk=1)
    v(2, 1, 1, 1, 2, 4, 256, bulk=1)
    v(1, 1, 4, 1, 4, 2, 128)
    v(1, 2, 2, 2, 4, 2, 128)
    v(1, 2, 4, 1, 4, 4, 64)
    v(1, 4, 2, 4, 2, 4, 64)
    v(1, 4, 2, 2, 4, 3, 64, 2, 1)
    v(1, 8, 2, 8, 1, 3, 64)
    v(1, 8, 2, 2, 4, 2, 64, 2, 1)
print("\n".join(V))
