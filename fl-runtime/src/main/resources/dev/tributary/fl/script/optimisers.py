# What is done with gradients (g) between the backward pass and the next, and the optimisers' arithmetic
# on parameters (p): torch's own fused kernels. TorchScript, compiled by libtorch; all float32.
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def norm(self, g: List[Tensor]):
    torch.set_grad_enabled(False)
    return torch.stack(torch._foreach_norm(g)).to(7).norm()

  def scale_(self, factor, g: List[Tensor]):
    torch.set_grad_enabled(False)
    torch._foreach_mul_(g, float(factor))
    return factor

  def add_(self, factor, g: List[Tensor], addend: List[Tensor]):
    torch.set_grad_enabled(False)
    torch._foreach_add_(g, addend, alpha=float(factor))
    return factor

  def add_difference_(self, factor, g: List[Tensor], p: List[Tensor], reference: List[Tensor]):
    # the difference first: where nothing has moved it is exactly 0
    torch.set_grad_enabled(False)
    torch._foreach_add_(g, torch._foreach_sub(p, reference), alpha=float(factor))
    return factor

  def copy_(self, p: List[Tensor], values: List[Tensor]):
    torch.set_grad_enabled(False)
    for i in range(len(p)):
      p[i].copy_(values[i])
    return torch.zeros([1])

  def mask_(self, g: List[Tensor], masks: List[Tensor]):
    torch.set_grad_enabled(False)
    torch._foreach_mul_(g, masks)
    return torch.zeros([1])

  def clear_(self, g: List[Tensor]):
    torch.set_grad_enabled(False)
    torch._foreach_zero_(g)
    return torch.zeros([1])

  def sgd_(self, settings, p: List[Tensor], g: List[Tensor], momentum: List[Tensor]):
    # settings: rate, weight decay, momentum, Nesterov, whether the buffers are new
    torch.set_grad_enabled(False)
    buffers = annotate(List[Tensor], [])
    if float(settings[2]) != 0.:
      buffers = momentum
    # a new buffer becomes the first gradient
    torch._fused_sgd_(p, g, buffers, weight_decay=float(settings[1]), momentum=float(settings[2]), lr=float(settings[0]), dampening=0., nesterov=bool(settings[3] != 0.), maximize=False, is_first_step=bool(settings[4] != 0.))
    torch._foreach_zero_(g)
    return settings

  def adam_(self, settings, p: List[Tensor], g: List[Tensor], mean: List[Tensor], square: List[Tensor]):
    # settings: rate, weight decay, beta1, beta2, epsilon, step from 1, whether the decay is decoupled (AdamW)
    torch.set_grad_enabled(False)
    none = annotate(List[Tensor], [])
    steps = annotate(List[Tensor], [])
    step = torch.full([], float(settings[5]), dtype=6, device=p[0].device)
    for i in range(len(p)):
      steps.append(step)
    if bool(settings[6] != 0.):
      torch._fused_adamw_(p, g, mean, square, none, steps, lr=float(settings[0]), beta1=float(settings[2]), beta2=float(settings[3]), weight_decay=float(settings[1]), eps=float(settings[4]), amsgrad=False, maximize=False)
    else:
      torch._fused_adam_(p, g, mean, square, none, steps, lr=float(settings[0]), beta1=float(settings[2]), beta2=float(settings[3]), weight_decay=float(settings[1]), eps=float(settings[4]), amsgrad=False, maximize=False)
    torch._foreach_zero_(g)
    return settings
