# Blocks of GPT-2 (Radford et al. 2019): learned positions, layer norm, weights stored (inputs, outputs).
#
# w: token embedding, last norm, head, last norm's bias, position embedding, then for each block c_attn (q, k, v in
# one), c_proj, c_fc and the MLP's c_proj, their biases, and the two norms, weight and bias.
class Model(Decoder):

  def turns(self, positions, d: int):
    return positions, positions

  def embedded(self, x, positions, w: List[Tensor]):
    return x + torch.embedding(w[4], positions).to(x.dtype)

  def norm(self, x, block: int, number: int, w: List[Tensor]):
    at = self.rest_of(block, 2 * number)
    return self.layer_norm(x, w[at], w[at + 1])

  def before(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    qkv = self.linear(self.norm(x, block, 0, w), block, 0, w, l)
    if ${scaleByLayer}:
      # the queries instead of the scores
      qkv = torch.cat([qkv[:, 0:${queryColumns}] / float(block + 1), qkv[:, ${queryColumns}:]], 1)
    return qkv

  def after(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    x = x + self.linear(y, block, 1, w, l)
    f = self.linear(self.norm(x, block, 1, w), block, 2, w, l)
    return x + self.linear(torch.gelu(f, approximate="${gelu}"), block, 3, w, l)

  def before_(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    return self.before(x, turns, block, w, l)

  def after_(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    return self.after(y, x, block, w, l)

  def last(self, x, w: List[Tensor]):
    return self.layer_norm(x, w[1], w[3])
