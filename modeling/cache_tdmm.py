"""A key and value cache with room to grow.

>>> cache = growing_cache(config.text_config)  # takes the place of DynamicCache(config=...)

Copying all that was cached for each new token takes a fifth of the time of decoding a small model.
"""

import inspect

from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

ROOM = 256  # tokens


class GrowingLayer(DynamicLayer):
    """Keys and values (batch, heads, length, width) as views into buffers that are longer.

    For rows that stay as they are: beams would have to be reordered in the buffers.
    """

    def lazy_initialization(self, *states):
        super().lazy_initialization(*states)
        self.buffers = None

    def update(self, key_states, value_states, *args, **kwargs):
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        if self.buffers is None or end > self.buffers[0].shape[-2]:
            self.buffers = [self._longer(new, end + ROOM) for new in (key_states, value_states)]
            for buffer, old in zip(self.buffers, (self.keys, self.values), strict=True):
                if start:
                    buffer[..., :start, :] = old
        for buffer, new in zip(self.buffers, (key_states, value_states), strict=True):
            buffer[..., start:end, :] = new
        self.keys, self.values = (buffer[..., :end, :] for buffer in self.buffers)
        return self.keys, self.values

    @staticmethod
    def _longer(states, length):
        return states.new_empty(*states.shape[:-2], length, states.shape[-1])


def growing_cache(config):
    """The cache that a language model of this config takes; layers of other kinds stay theirs."""
    cache = DynamicCache(config=config)
    cache.layers = [GrowingLayer() if type(c) is DynamicLayer else c for c in cache.layers]
    return cache


def cache_argument(model, cache):
    """A cache under the name that a model's `forward` has for it: `cache` in newer transformers,
    `past_key_values` in older ones."""
    newer = "cache" in inspect.signature(model.forward).parameters
    return {"cache" if newer else "past_key_values": cache}


__all__ = ["GrowingLayer", "cache_argument", "growing_cache"]
