"""The network in training, from a batch to pastiches, and the networks from which a run starts."""

import copy
import logging
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from brushwork import model_folder
from brushwork.errors import UserError
from brushwork.networks import PasticheConfig, PasticheNetwork
from brushwork.networks.backbones import load_pretrained
from brushwork.networks.normalization import ConditionalInstanceNorm2d
from brushwork.training import checkpoints
from brushwork.training.config import Recipe
from brushwork.training.data import Batch
from brushwork.training.widening import lengthen, widen

log = logging.getLogger(__name__)


class Student(nn.Module):
    """Computes embeddings and pastiches of a batch in one call, as distributed training requires."""

    def __init__(self, network: PasticheNetwork, shift: int = 0) -> None:
        super().__init__()
        self.network = network
        self.shift = shift  # index in the table of styles of the first style picture

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return pastiches (B, 3, S, S) and their embeddings (B, D)."""
        embedding = embed(self.network, batch, self.shift)
        return self.network(batch.content, embedding), embedding


def embed(network: PasticheNetwork, batch: Batch, shift: int = 0) -> Tensor:
    """Return embeddings (B, D) of a batch's styles: of a table from `shift` on, or predicted (from cached features)."""
    if network.config.styles:
        return F.one_hot(batch.style_number + shift, len(network.config.styles)).float()
    if batch.targets is None or network.predictor is None:
        return network.embed(batch.style)
    return network.predictor.project(batch.targets.features)


def compare(
    recipe: Recipe, teacher: PasticheNetwork, content: Tensor, target: Tensor, pastiche: Tensor, embedding: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the weighted loss of a student against its teacher, and its terms by name.

    Args:
        recipe: Gives the weights ``teaching`` and ``teaching_pastiche``.
        teacher: Computes the pastiches that the student learns.
        content: Contents (B, 3, S, S) in [0, 1].
        target: The teacher's embeddings (B, D).
        pastiche: The student's pastiches (B, 3, S, S).
        embedding: The student's embeddings (B, D).
    """
    terms = {"embedding": F.mse_loss(embedding.float(), target.float())}
    total = recipe.teaching * terms["embedding"]
    if recipe.teaching_pastiche:
        with torch.no_grad():
            shown = teacher(content, target)
        terms["pastiche"] = F.mse_loss(pastiche.float(), shown.float())
        total = total + recipe.teaching_pastiche * terms["pastiche"]
    return total, terms


def load(path: str) -> PasticheNetwork:
    """Load the network of a model folder, a run folder or a checkpoint.

    Raises:
        UserError: If it does not exist.
    """
    if (Path(path) / model_folder.CONFIG).is_file() or path in model_folder.names():
        return model_folder.load_network(model_folder.find(path))
    network, _ = checkpoints.load_checkpoint(Path(path))
    return network


def load_teacher(path: str, config: PasticheConfig) -> PasticheNetwork:
    """Load the frozen network whose embeddings a network with this config learns to reproduce.

    Raises:
        UserError: If it does not exist, or the two do not both predict embeddings of the same size.
    """
    teacher = load(path).requires_grad_(False)
    if teacher.predictor is None or config.styles:
        raise UserError("a table of styles predicts no embeddings; teacher and network must both predict them")
    if teacher.config.embedding_size != config.embedding_size:
        size = teacher.config.embedding_size
        raise UserError(f"the teacher's embeddings have {size} numbers; set network.predicted_size={size}")
    return teacher


def create_network(recipe: Recipe) -> PasticheNetwork:
    """Return the network from which a run starts: new, pretrained, from another run, or with a style to be added.

    Raises:
        UserError: If weights do not fit, or a style is to be added to a network without a table.
    """
    torch.manual_seed(recipe.seed)
    if recipe.add_style:
        if not recipe.init.model:
            raise UserError("add_style needs a trained table network; set init to its checkpoint or model folder")
        if recipe.optimizer.weight_decay:
            raise UserError("weight decay would change the frozen weights; with add_style it must be 0")
        return add_style(load(recipe.init.model), recipe.add_style)
    try:
        network = PasticheNetwork(recipe.network)
    except (ValueError, TypeError) as error:  # an unknown backbone, or an option that it does not have
        raise UserError(f"network: {error}") from None
    if recipe.pretrained:
        if network.predictor is None:
            raise UserError("a table of styles has no predictor for pretrained weights")
        _load_backbone(network.predictor.backbone, recipe.pretrained)
    elif network.predictor is not None and network.config.system == "conditional" and not _has_init(recipe):
        log.warning("pretrained is not set: the style prediction network starts from random weights (see the guide)")
    if _has_init(recipe):
        start = load(recipe.init.model) if recipe.init.model else network
        if recipe.init.widen > 1:
            start = widen(start, recipe.init.widen, torch.Generator().manual_seed(recipe.seed))
        start, source = _lengthen(start, recipe), recipe.init.model
        try:
            network.transfer.load_state_dict(start.transfer.state_dict())
            if recipe.init.predictor:
                source = recipe.init.predictor
                start = _lengthen(load(recipe.init.predictor), recipe)
            if network.predictor is not None and start.predictor is not None:
                network.predictor.copy_weights(start.predictor)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise UserError(f"{source} does not fit the recipe: {reason}") from None
    return network


def _lengthen(start: PasticheNetwork, recipe: Recipe) -> PasticheNetwork:
    """Return a network with embeddings as long as the recipe's, if its own are predicted and shorter."""
    size = recipe.network.embedding_size
    if start.predictor is None or start.config.system == "adain" or start.config.embedding_size >= size:
        return start
    return lengthen(start, size, torch.Generator().manual_seed(recipe.seed))


def _has_init(recipe: Recipe) -> bool:
    """Return whether the weights of a run come from another one."""
    return bool(recipe.init.model or recipe.init.predictor)


def _load_backbone(backbone: nn.Module, pretrained: str) -> None:
    """Load a backbone from a state dict of its own, or from the style prediction network of a shipped model."""
    try:
        if pretrained not in model_folder.names():
            load_pretrained(backbone, pretrained)
        elif (predictor := load(pretrained).predictor) is not None:
            backbone.load_state_dict(predictor.backbone.state_dict())
        else:
            raise UserError(f"{pretrained} has a table of styles and no backbone")
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from None
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"the backbone of {pretrained} does not fit the recipe's: {reason}") from None


def add_style(network: PasticheNetwork, name: str) -> PasticheNetwork:
    """Return a table network with one more style; only its column is trained (Dumoulin et al. 2017, section 4).

    The new column starts as the mean of the others. All else is frozen: parameters have no gradient, the other columns
    a gradient of zero, and batch norms keep their statistics while the network is in evaluation mode.

    Raises:
        UserError: If the network has no table of styles, or already has a style of that name.
    """
    old = network.config
    if not old.styles:
        raise UserError(f"cannot add the style {name!r}: the network has no table of styles")
    if name in old.styles:
        raise UserError(f"cannot add the style {name!r}: the network has the styles {', '.join(old.styles)}")
    config = PasticheConfig(**{**vars(old), "styles": (*old.styles, name)})
    wider = PasticheNetwork(config)
    state = network.state_dict()
    for key, value in state.items():
        if key.endswith("affine.weight"):
            state[key] = torch.cat([value, value.mean(dim=1, keepdim=True)], dim=1)
    wider.load_state_dict(state)
    wider.requires_grad_(False)
    for module in wider.modules():
        if isinstance(module, ConditionalInstanceNorm2d):
            module.affine.weight.requires_grad_(True)
            module.affine.weight.register_hook(_only_last_column)
    return wider.eval()


def _only_last_column(gradient: Tensor) -> Tensor:
    masked = torch.zeros_like(gradient)
    masked[:, -1] = gradient[:, -1]
    return masked


def copy_for_average(network: PasticheNetwork) -> PasticheNetwork:
    """Return a frozen copy of a network for the moving average of its weights."""
    copied = copy.deepcopy(network).requires_grad_(False)
    return copied.eval()


@torch.no_grad()
def update_ema(averaged: PasticheNetwork, network: PasticheNetwork, decay: float, step: int) -> None:
    """Update an average, ``average += (1 - d) (weights - average)``, with the statistics of batch norms.

    In early steps d is (1 + step) / (10 + step), so that the random initial weights soon have no effect.
    """
    weight = 1 - min(decay, (1 + step) / (10 + step))
    states = zip(averaged.state_dict().values(), network.state_dict().values(), strict=True)
    pairs = [(mean, value) for mean, value in states if value.is_floating_point()]
    torch._foreach_lerp_([mean for mean, _ in pairs], [value for _, value in pairs], weight)
