"""Pictures with the statistics of natural ones, made from seeds: amplitude 1/f, correlated channels, varied contrast.

(Field 1987, "Relations between the statistics of natural images and the response properties of cortical cells";
Ruderman 1998 for the correlation of colours.)
"""

from __future__ import annotations

import numpy as np


def natural_images(count: int, size: int = 256, seed: int = 7) -> np.ndarray:
    """Return (count, size, size, 3) uint8 RGB."""
    return np.stack([_image(np.random.default_rng([seed, index]), size) for index in range(count)])


def _image(generator: np.random.Generator, size: int) -> np.ndarray:
    brightness = _cloud(generator, size)
    colours = np.stack([_cloud(generator, size) for _ in range(3)], axis=-1)
    mixed = 0.9 * brightness[:, :, None] + 0.44 * colours
    contrast, mean = generator.uniform(25, 75), generator.uniform(75, 160)
    return np.clip(mean + contrast * mixed, 0, 255).astype(np.uint8)


def _cloud(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return (size, size) noise of amplitude 1/f, mean 0 and standard deviation 1."""
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None, :]
    spectrum = np.fft.fft2(generator.standard_normal((size, size)))
    plane = np.fft.ifft2(spectrum / np.maximum(np.hypot(fy, fx), 1 / size)).real
    return (plane - plane.mean()) / plane.std()
