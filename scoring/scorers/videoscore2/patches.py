"""The vision tower's first step as the matrix product that it is.

Its convolution's stride is its kernel's size: each patch is multiplied once, by the same weights. On the CPU the
convolution takes about three times as long for that.
"""

import torch


class PatchProjection(torch.nn.Module):
    """In place of a `Conv3d` without bias: [patches, channels, 2, 14, 14] to [patches, features]."""

    def __init__(self, convolution: torch.nn.Conv3d) -> None:
        super().__init__()
        self.weight = convolution.weight

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(patches.flatten(1), self.weight.flatten(1))
