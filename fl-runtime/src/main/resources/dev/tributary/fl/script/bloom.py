# Blocks of BLOOM (Scao et al. 2022): ALiBi in place of positions, a norm behind the embedding, q, k and v of each
# head side by side in one layer.
#
# w: token embedding, last norm, head, last norm's bias, the embedding's norm and its bias, then for each block
# query_key_value, dense, dense_h_to_4h, dense_4h_to_h, their biases, and the two norms, weight and bias.
class Model(Decoder):

  def turns(self, positions, d: int):
    return positions, positions

  def embedded(self, x, positions, w: List[Tensor]):
    return self.layer_norm(x, w[4], w[5])

  def norm(self, x, block: int, number: int, w: List[Tensor]):
    at = self.rest_of(block, 2 * number)
    return self.layer_norm(x, w[at], w[at + 1])

  def before(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    joined = self.linear(self.norm(x, block, 0, w), block, 0, w, l)
    return joined.view([x.size(0), ${keyHeads}, 3, ${headSize}]).transpose(1, 2).reshape([x.size(0), -1])

  def after(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    residual = self.norm(x, block, 0, w) if ${normedResidual} else x
    x = residual + self.linear(y, block, 1, w, l)
    h = self.norm(x, block, 1, w)
    f = torch.gelu(self.linear(h, block, 2, w, l), approximate="tanh")
    residual = h if ${normedResidual} else x
    return residual + self.linear(f, block, 3, w, l)

  def before_(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    return self.before(x, turns, block, w, l)

  def after_(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    return self.after(y, x, block, w, l)

  def last(self, x, w: List[Tensor]):
    return self.layer_norm(x, w[1], w[3])
