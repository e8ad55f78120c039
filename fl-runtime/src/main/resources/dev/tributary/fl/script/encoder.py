# A small network whose output enters a model in place of what is trained: what all encoders share. An encoder's
# file adds the method `output`. t: its trained tensors, float32, as dev.tributary.fl.adapter lists them.
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def linear(self, x, weight, bias):
    return torch.linear(x, weight, bias)

  def encode_(self, all: List[Tensor]):
    # all: the output, then t; brings the output up to date
    torch.set_grad_enabled(False)
    return all[0].copy_(self.output(all[1:]))

  def gradients(self, all: List[Tensor], g: List[Tensor]):
    # g: gradients of all; leads that of the output on to t's and clears it
    torch.set_grad_enabled(True)
    leaves = annotate(List[Tensor], [])
    for x in all[1:]:
      leaves.append(x.detach().requires_grad_(True))
    y = self.output(leaves)
    torch.set_grad_enabled(False)
    parts = torch.grad([y], leaves, annotate(Optional[List[Optional[Tensor]]], [g[0]]))
    for i in range(len(parts)):
      g[i + 1].add_(unchecked_cast(Tensor, parts[i]))
    return g[0].zero_()
