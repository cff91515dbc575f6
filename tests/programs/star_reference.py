"""A reference for the FWHM of a star field that shares no code with imstats: least squares of a Gaussian and of a Moffat, both elliptical, to each
of up to 60 of the brightest stars that stand alone and are not saturated; the median of those that agree. For the tests and the bench."""
import numpy as np

FEWEST = 3


def agreeing(values):
    """The values within 30 % of the middle of the shortest interval that holds a third of them."""
    values = np.sort(np.asarray(values, float))
    if len(values) < FEWEST:
        return values
    third = max(2, len(values) // 3)
    spans = np.log(values[third - 1:] / values[:len(values) - third + 1])
    first = int(np.argmin(spans))
    middle = np.median(values[first:first + third])
    return values[np.abs(values / middle - 1) < 0.3]


def profile(p, x, y, beta):
    """height, sky, x, y and the inverse covariance by its Cholesky factors; beta 0: a Gaussian."""
    dx, dy = x - p[2], y - p[3]
    u, v = np.exp(p[4]) * dx + p[6] * dy, np.exp(p[5]) * dy
    q = u * u + v * v
    return p[0] * (np.exp(-q) if beta is None else (1 + q / np.exp(beta)) ** -np.exp(beta)) + p[1]


def fit(stamp, moffat):
    """FWHM of one star (the geometric mean of the axes), or None. Levenberg and Marquardt's method."""
    half = stamp.shape[0] // 2
    y, x = np.mgrid[-half:half + 1, -half:half + 1].astype(float)
    good = np.isfinite(stamp)
    x, y, z = x[good], y[good], stamp[good]
    p = np.array([z.max() - np.median(z), np.median(z), 0, 0, -0.7, -0.7, 0] + ([1.0] if moffat else []))
    model = lambda p: profile(p, x, y, p[7] if moffat else None)
    rest, damping = model(p) - z, 1e-2
    for _ in range(80):
        steps = 1e-5 * np.maximum(np.abs(p), 1e-2)
        jacobian = np.stack([(model(p + step * unit) - model(p)) / step for step, unit in zip(steps, np.eye(len(p)))], 1)
        normal, slope = jacobian.T @ jacobian, jacobian.T @ rest
        try:
            change = -np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-12), slope)
        except np.linalg.LinAlgError:
            return None
        tried = p + change
        if moffat:
            tried[7] = np.clip(tried[7], 0.2, 4)
        tried[4:6] = np.clip(tried[4:6], -3.5, 1.5)
        other = model(tried) - z
        if not np.all(np.isfinite(other)):
            return None
        if other @ other < rest @ rest:
            done = rest @ rest - other @ other < 1e-7 * (rest @ rest)
            p, rest, damping = tried, other, damping / 4
            if done:
                break
        else:
            damping *= 5
            if damping > 1e8:
                break
    power = np.exp(p[7]) if moffat else None
    unit = np.log(2) if not moffat else power * (2 ** (1 / power) - 1)
    a, b = np.exp(p[4]), np.exp(p[5])
    fwhm = 2 * np.sqrt(unit / (a * b))
    if not p[0] > 0 or abs(p[2]) > 1.5 or abs(p[3]) > 1.5 or np.std(rest) > 0.1 * p[0]:
        return None
    # The axes: singular values of the factor.
    axes = np.linalg.svd(np.array([[a, p[6]], [0, b]]), compute_uv=False)
    return fwhm if 0.8 < fwhm < stamp.shape[0] and axes[0] / axes[1] < 1.6 else None


def reference(image, top):
    """(Moffat, Gaussian, stars) by stars that stand alone."""
    known = image[np.isfinite(image)]
    sky = np.median(known)
    noise = 1.4826 * np.median(np.abs(known - sky)) or 1.0
    padded = np.pad(np.nan_to_num(image, nan=sky), 2, mode="edge")
    shifts = [padded[i:i + image.shape[0], k:k + image.shape[1]] for i in range(5) for k in range(5)]
    peaks = (image >= np.max(shifts, 0)) & (image > sky + 5 * noise)
    rows, columns = np.nonzero(peaks)
    heights = image[rows, columns] - sky
    chosen, half = [], 10
    for i in np.argsort(-heights):
        y, x = rows[i], columns[i]
        if len(chosen) >= 60 or heights[i] < 15 * noise:
            break
        if min(y, x, image.shape[0] - 1 - y, image.shape[1] - 1 - x) < half:
            continue
        near = (np.abs(rows - y) <= half + 3) & (np.abs(columns - x) <= half + 3) & (heights > 0.1 * heights[i])
        stamp = image[y - half:y + half + 1, x - half:x + half + 1]
        cross = np.sort([image[y - 1, x], image[y + 1, x], image[y, x - 1], image[y, x + 1]]) - sky
        if near.sum() == 1 and not (stamp >= top).any() and np.isfinite(stamp).mean() > 0.95 and cross[1] > 0.1 * heights[i]:
            chosen.append(stamp)
    out = []
    for moffat in (True, False):
        widths = agreeing([w for w in (fit(stamp, moffat) for stamp in chosen) if w])
        out.append(np.median(widths) if len(widths) else np.nan)
        count = len(widths)
    return (*out, count)


def saturation(image, header):
    """The lowest value that is taken for saturated."""
    top = header.get("SATURATE", np.inf)
    if (image == image.max()).sum() >= 10:
        top = min(top, image.max())
    return float(min(top, 65535 if header["BITPIX"] == 16 else 1e30))


def is_known(moffat, gauss, stars):
    """Whether the reference can be trusted: with few stars, or where Moffat and Gaussian differ much, nobody knows the FWHM."""
    return stars >= FEWEST and abs(gauss / moffat - 1) < 0.15
