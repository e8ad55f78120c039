# Blocks of OPT (Zhang et al. 2022): learned positions, layer norm before or after, ReLU.
#
# w: token embedding, last norm (none with norms after), head, last norm's bias, position embedding, projections
# into and out of the blocks (none where widths agree), then for each block q, k, v, out, fc1, fc2, their biases,
# and the two norms, weight and bias.
class Model(Decoder):

  def turns(self, positions, d: int):
    return positions, positions

  def embedded(self, x, positions, w: List[Tensor]):
    if w[5].numel() > 0:
      x = self.product(x, w[5].to(x.dtype).t())
    # the first two rows stand for padding
    return x + torch.embedding(w[4], positions + 2).to(x.dtype)

  def norm(self, x, block: int, number: int, w: List[Tensor]):
    at = self.rest_of(block, 2 * number)
    return self.layer_norm(x, w[at], w[at + 1])

  def before(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    h = self.norm(x, block, 0, w) if ${normFirst} else x
    return torch.cat([self.linear(h, block, 0, w, l), self.linear(h, block, 1, w, l), self.linear(h, block, 2, w, l)], 1)

  def after(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    x = x + self.linear(y, block, 3, w, l)
    if not ${normFirst}:
      x = self.norm(x, block, 0, w)
    h = self.norm(x, block, 1, w) if ${normFirst} else x
    x = x + self.linear(torch.relu(self.linear(h, block, 4, w, l)), block, 5, w, l)
    if not ${normFirst}:
      x = self.norm(x, block, 1, w)
    return x

  def before_(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    return self.before(x, turns, block, w, l)

  def after_(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    return self.after(y, x, block, w, l)

  def last(self, x, w: List[Tensor]):
    if w[1].numel() > 0:
      x = self.layer_norm(x, w[1], w[3])
    if w[6].numel() > 0:
      x = self.product(x, w[6].to(x.dtype).t())
    return x
