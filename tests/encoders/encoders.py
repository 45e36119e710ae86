# SPDX-License-Identifier: Apache-2.0
"""Encoders that are deployed beside a detector, as torch.onnx.export writes them: dynamic batch and sequence length.

Shaped as the published ones, weights random: a ResNet-18; CLIP's ViT-B/32 image tower and 77-token causal text
transformer, both with projection and L2 normalisation; BLIP's ViT-B/16 image encoder and BERT-base text encoder with
attention mask.

    encoders.py FOLDER [NAME …]      writes FOLDER/NAME.onnx; all of them by default
"""

import math
import os
import sys
import warnings
from pathlib import Path

import torch
import torchvision
from torch import nn


class Attention(nn.Module):
    """Multi-head self-attention; `joint`: queries, keys and values from one product."""

    def __init__(self, width, heads, joint):
        super().__init__()
        self.heads = heads
        if joint:
            self.qkv = nn.Linear(width, 3 * width)
        else:
            self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.joint = joint
        self.out = nn.Linear(width, width)

    def forward(self, x, mask=None):
        batch, tokens, width = x.shape
        size = width // self.heads
        if self.joint:
            q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        else:
            q, k, v = (part(x).view(batch, tokens, self.heads, size).permute(0, 2, 1, 3) for part in (self.q, self.k, self.v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        if mask is not None:
            scores = scores + mask
        context = scores.softmax(-1) @ v
        return self.out(context.transpose(1, 2).reshape(batch, tokens, width))


class QuickGelu(nn.Module):
    """CLIP's approximation of GELU."""

    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)); `post`: the norms come after the sums, as in BERT."""

    def __init__(self, width, heads, activation, joint=True, post=False, epsilon=1e-5):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, epsilon), nn.LayerNorm(width, epsilon)
        self.attention = Attention(width, heads, joint)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), activation, nn.Linear(4 * width, width))
        self.post = post

    def forward(self, x, mask=None):
        if self.post:
            x = self.norm1(x + self.attention(x, mask))
            return self.norm2(x + self.mlp(x))
        x = x + self.attention(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """Patches of a 224×224 picture and a class token."""

    def __init__(self, patch, activation, epsilon, norm_first, projection=None):
        super().__init__()
        width = 768
        self.patches = nn.Conv2d(3, width, patch, patch, bias=not norm_first)
        self.token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.positions = nn.Parameter(torch.randn(1, (224 // patch) ** 2 + 1, width) * 0.02)
        self.first_norm = nn.LayerNorm(width, epsilon) if norm_first else nn.Identity()
        self.blocks = nn.ModuleList(Block(width, 12, activation, epsilon=epsilon) for _ in range(12))
        self.last_norm = nn.LayerNorm(width, epsilon)
        self.projection = nn.Parameter(torch.randn(width, projection) * width**-0.5) if projection else None

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        x = self.first_norm(x)
        for block in self.blocks:
            x = block(x)
        if self.projection is None:
            return self.last_norm(x)
        features = self.last_norm(x[:, 0]) @ self.projection
        return features / features.norm(dim=-1, keepdim=True)


class ClipText(nn.Module):
    """The last token, the one with the largest number, stands for the text."""

    def __init__(self, width=512, vocabulary=49408, context=77):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(context, width) * 0.01)
        self.blocks = nn.ModuleList(Block(width, 8, QuickGelu()) for _ in range(12))
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Parameter(torch.randn(width, 512) * width**-0.5)
        self.register_buffer("mask", torch.full((context, context), -math.inf).triu(1))

    def forward(self, ids):
        x = self.embedding(ids) + self.positions
        for block in self.blocks:
            x = block(x, self.mask)
        x = self.norm(x)
        features = x[torch.arange(x.shape[0]), ids.argmax(dim=-1)] @ self.projection
        return features / features.norm(dim=-1, keepdim=True)


class BertText(nn.Module):
    def __init__(self, width=768, vocabulary=30524, context=512):
        super().__init__()
        self.words, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.register_buffer("numbers", torch.arange(context).unsqueeze(0))
        self.norm = nn.LayerNorm(width, 1e-12)
        self.blocks = nn.ModuleList(Block(width, 12, nn.GELU(), joint=False, post=True, epsilon=1e-12) for _ in range(12))

    def forward(self, ids, attention_mask):
        x = self.norm(self.words(ids) + self.positions(self.numbers[:, : ids.shape[1]]))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -10000.0
        for block in self.blocks:
            x = block(x, mask)
        return x


def pictures(batch):
    return torch.randn(batch, 3, 224, 224)


def resnet18():
    network = torchvision.models.resnet18()
    # As after training: statistics and scales that do something.
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.2, 0.2)
    return network


def clip_tokens(batch):
    ids = torch.zeros(batch, 77, dtype=torch.int64)
    for i in range(batch):
        length = 5 + 7 * i % 60
        ids[i, 0] = 49406
        ids[i, 1:length] = torch.randint(1, 49405, (length - 1,))
        ids[i, length] = 49407
    return ids


def bert_tokens(batch, length):
    mask = torch.ones(batch, length, dtype=torch.int64)
    for i in range(1, batch):
        mask[i, length - i * length // (2 * batch) :] = 0
    return torch.randint(0, 30524, (batch, length)), mask


# name: (network, its opset, input names, dynamic axes, example inputs, sets of inputs to try)
ENCODERS = {
    "resnet18": (resnet18, 13, {"pixels": {0: "batch"}}, lambda: [(pictures(1),), (pictures(3),)]),
    "clip_image": (lambda: VisionTransformer(32, QuickGelu(), 1e-5, True, 512), 14, {"pixels": {0: "batch"}},
                   lambda: [(pictures(1),), (pictures(2),)]),
    "clip_text": (ClipText, 14, {"ids": {0: "batch"}}, lambda: [(clip_tokens(1),), (clip_tokens(3),)]),
    "blip_image": (lambda: VisionTransformer(16, nn.GELU(), 1e-6, False), 17, {"pixels": {0: "batch"}},
                   lambda: [(pictures(1),), (pictures(2),)]),
    "blip_text": (BertText, 16, {name: {0: "batch", 1: "sequence"} for name in ("ids", "attention_mask")},
                  lambda: [bert_tokens(1, 32), bert_tokens(3, 17), bert_tokens(1, 1)]),
}


def make(name, folder):
    """Writes NAME.onnx unless it is there and newer than this file."""
    path = Path(folder) / f"{name}.onnx"
    if path.exists() and path.stat().st_mtime > Path(__file__).stat().st_mtime:
        return path
    network, opset, inputs, examples = ENCODERS[name]
    torch.manual_seed(7)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Traced on two, so that nothing takes a batch of one for a constant.
        torch.onnx.export(network().eval(), examples()[1], str(unfinished), opset_version=opset, input_names=list(inputs),
                          output_names=["features"], dynamic_axes={**inputs, "features": {0: "batch"}})
    os.replace(unfinished, path)
    return path


def example_inputs(name):
    """Sets of NumPy arrays by input name."""
    _, _, inputs, examples = ENCODERS[name]
    torch.manual_seed(8)
    return [dict(zip(inputs, (tensor.numpy() for tensor in example))) for example in examples()]


if __name__ == "__main__":
    for wanted in sys.argv[2:] or ENCODERS:
        print(make(wanted, sys.argv[1]))
