# Blocks of the LLaMA family (Touvron et al. 2023): LLaMA, Mistral, Qwen2. RMS norm, rotary positions, grouped
# queries, gated SiLU. Beside what every family has, a forward pass in place and, for low-rank adapters, a
# backward pass written out: less memory than autograd's, and in bfloat16 less time.
#
# w: three, then for each block q, k, v, o, gate, up, down, their biases, the norm before attention and the one
# before the MLP.
class Model(Decoder):

  # ---- what the decoder asks for

  def inverse_rms(self, x):
    # 1 / root mean square of each row, (N, 1)
    return torch.rsqrt(x.to(self.wide(x.dtype)).square().mean([-1], True) + ${normEpsilon})

  def norm(self, x, gain):
    return (x * self.inverse_rms(x)).to(x.dtype) * gain.to(x.device, x.dtype)

  def turns(self, positions, d: int):
    # Cosine and sine, (N, 1, headSize / 2). Of float32 angles, as transformers has them; the functions in
    # float64, as an element's float32 value may depend on where in the array it stands.
    angle = torch.outer(positions.to(self.tables[0].dtype), self.tables[0]).unsqueeze(1).to(7)
    return angle.cos().to(d), angle.sin().to(d)

  def rotated(self, x, turns: Tuple[Tensor, Tensor]):
    cos, sin = turns
    heads = x.view([x.size(0), -1, ${headSize}])
    a = heads[:, :, 0:${half}]
    b = heads[:, :, ${half}:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).flatten(1)

  def embedded(self, x, positions, w: List[Tensor]):
    return x

  def before(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    # q, k, v of a block
    h = self.norm(x, w[self.rest_of(block, 0)])
    q = self.rotated(self.linear(h, block, 0, w, l), turns)
    k = self.rotated(self.linear(h, block, 1, w, l), turns)
    return torch.cat([q, k, self.linear(h, block, 2, w, l)], 1)

  def after(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    # from attention's result to the block's
    x = x + self.linear(y, block, 3, w, l)
    h = self.norm(x, w[self.rest_of(block, 1)])
    f = torch.silu(self.linear(h, block, 4, w, l)) * self.linear(h, block, 5, w, l)
    return x + self.linear(f, block, 6, w, l)

  def last(self, x, w: List[Tensor]):
    return self.norm(x, w[1])

  # ---- the same in place

  def normed(self, x, inverse, gain):
    return (x * inverse).to(x.dtype).mul_(gain)

  def rotate_(self, qkv, turns: Tuple[Tensor, Tensor], sign: float):
    # q and k in place; sign -1 is the transpose, for the backward pass
    cos, sin = turns
    heads = qkv[:, 0:${valuesAt}].view([qkv.size(0), ${queryAndKeyHeads}, ${headSize}])
    a = heads[:, :, 0:${half}]
    b = heads[:, :, ${half}:]
    turned = a * sin
    a.mul_(cos).addcmul_(b, sin, value=-sign)
    b.mul_(cos).add_(turned, alpha=sign)
    return qkv

  def gated(self, gate_up):
    return torch.silu(gate_up[:, 0:${intermediate}]).mul_(gate_up[:, ${intermediate}:])

  def project(self, x, block: int, first: int, last: int, w: List[Tensor], l: List[Tensor], z: List[Tensor]):
    # Linear layers first to last - 1 of a block, which share their input, as one (N, sum of outputs):
    # W x + b + scale B A x. A x is left in z, for the backward pass (empty without a low-rank adapter).
    # Few rows are joined; of many each layer writes its own columns.
    if x.size(0) <= ${joinedRows}:
      parts = annotate(List[Tensor], [])
      for i in range(first, last):
        parts.append(self.projected(x, block, i, w, l, z))
      y = torch.cat(parts, 1)
    else:
      columns = 0
      for i in range(first, last):
        columns += w[self.weight_of(block, i)].size(0)
      y = torch.empty([x.size(0), columns], dtype=x.dtype, device=x.device)
      start = 0
      for i in range(first, last):
        weight = self.matrix(w, self.weight_of(block, i), x.dtype)
        part = y[:, start:start + weight.size(0)]
        if self.special(block, i, l):
          part.copy_(self.projected(x, block, i, w, l, z))
        else:
          self.update_(self.product_(part, x, weight.t()), x, block, i, w, l, z)
        start += weight.size(0)
    return y

  def special(self, block: int, layer: int, l: List[Tensor]):
    # whether more than a low-rank update is trained at a layer
    at = self.slot(block, layer)
    return l[at + 2].numel() + l[at + 3].numel() + l[at + 4].numel() > 0

  def projected(self, x, block: int, layer: int, w: List[Tensor], l: List[Tensor], z: List[Tensor]):
    # one layer of `project`
    if self.special(block, layer, l):
      y = self.linear(x, block, layer, w, l)
      z.append(l[self.slot(block, layer)])
    else:
      y = self.product(x, self.factor(self.matrix(w, self.weight_of(block, layer), x.dtype)))
      self.update_(y, x, block, layer, w, l, z)
    return y

  def update_(self, y, x, block: int, layer: int, w: List[Tensor], l: List[Tensor], z: List[Tensor]):
    # y += b + scale B A x
    bias = w[self.bias_of(block, layer)]
    if bias.numel() > 0:
      y.add_(bias)
    at = self.slot(block, layer)
    A = l[at]
    if A.numel() > 0:
      cut = l[at + 5]
      input = x.masked_fill(cut, 0.) if cut.numel() > 0 else x
      Ax = self.product(input, A.to(x.device, x.dtype).t())
      self.add_product_(y, Ax, l[at + 1].to(x.device, x.dtype).t(), self.scale_of(block, layer, l))
      z.append(Ax)
    else:
      z.append(A)
    return y

  def forward_norm(self, x, gain):
    # `norm` where no backward pass follows: libtorch's, with the same roundings in fewer calls
    return torch.rms_norm(x, [x.size(-1)], gain, ${normEpsilon})

  def before_(self, x, turns: Tuple[Tensor, Tensor], block: int, w: List[Tensor], l: List[Tensor]):
    h = self.forward_norm(x, w[self.rest_of(block, 0)])
    return self.rotate_(self.project(h, block, 0, 3, w, l, annotate(List[Tensor], [])), turns, 1.)

  def after_(self, y, x, block: int, w: List[Tensor], l: List[Tensor]):
    z = annotate(List[Tensor], [])
    middle = self.projected(y, block, 3, w, l, z).add_(x)
    h = self.forward_norm(middle, w[self.rest_of(block, 1)])
    if x.size(0) <= ${joinedRows}:
      f = torch.silu(self.projected(h, block, 4, w, l, z)).mul_(self.projected(h, block, 5, w, l, z))
    else:
      f = self.gated(self.project(h, block, 4, 6, w, l, z))
    return self.projected(f, block, 6, w, l, z).add_(middle)

  # ---- backward, written out, for low-rank adapters

  def begun(self, x, turns: Tuple[Tensor, Tensor], lengths: List[int], rows, block: int, w: List[Tensor], l: List[Tensor]):
    # A block, and what its backward pass needs: the block's input last.
    w = self.carried(block, w, x)
    z = annotate(List[Tensor], [])
    inverse = self.inverse_rms(x)
    qkv = self.project(self.normed(x, inverse, w[self.rest_of(block, 0)]), block, 0, 3, w, l, z)
    self.rotate_(qkv, turns, 1.)
    attended = self.attention(qkv, lengths)
    residual = x
    if block == ${layers} - 1 and rows.numel() > 0:
      # after the last attention only the rows asked for are needed
      attended = attended.index_select(0, rows)
      residual = x.index_select(0, rows)
    middle = self.projected(attended, block, 3, w, l, z).add_(residual)
    inverse2 = self.inverse_rms(middle)
    gate_up = self.project(self.normed(middle, inverse2, w[self.rest_of(block, 1)]), block, 4, 6, w, l, z)
    y = self.projected(self.gated(gate_up), block, 6, w, l, z).add_(middle)
    return y, [inverse, qkv, attended, middle, inverse2, gate_up] + z + [x]

  def normed_back(self, dy, x, inverse, gain, more):
    # y = x r g: dx = r g dy - x r^3 mean(g dy x); plus `more`, the residual's gradient
    t = dy.to(inverse.dtype) * gain
    c = (t * x).mean([-1], True) * (inverse.square() * inverse)
    t.mul_(inverse).addcmul_(x.to(inverse.dtype), c, value=-1.)
    return more + t.to(x.dtype)

  def adapted(self, block: int, first: int, last: int, l: List[Tensor]):
    found = False
    for i in range(first, last):
      found = found or l[self.slot(block, i)].numel() > 0
    return found

  def project_back(self, dy, x, wanted: bool, block: int, first: int, last: int, w: List[Tensor], l: List[Tensor], gl: List[Tensor], z: List[Tensor]):
    # Of `project`: adds the adapters' gradients to gl, gives that of the input x if `wanted`. x counts only
    # where there are adapters.
    dx = dy
    start = 0
    for i in range(first, last):
      weight = self.matrix(w, self.weight_of(block, i), x.dtype)
      part = dy[:, start:start + weight.size(0)]
      if wanted:
        if i == first:
          dx = self.product(part, weight)
        else:
          self.add_product_(dx, part, weight, 1.)
      start += weight.size(0)
      a = self.slot(block, i)
      if l[a].numel() > 0:
        A = l[a].to(x.dtype)
        scale = self.scale_of(block, i, l)
        dz = self.product(part, l[a + 1].to(x.dtype)).mul_(scale)
        self.accumulate_(gl[a + 1], part.t(), z[i], scale)
        cut = l[a + 5]
        if cut.numel() > 0:
          self.accumulate_(gl[a], dz.t(), x.masked_fill(cut, 0.), 1.)
          if wanted:
            dx.add_(self.product(dz, A).masked_fill_(cut, 0.))
        else:
          self.accumulate_(gl[a], dz.t(), x, 1.)
          if wanted:
            self.add_product_(dx, dz, A, 1.)
    return dx

  def gated_back_(self, gate_up, df):
    # gate and up are overwritten by their gradients
    gate = gate_up[:, 0:${intermediate}]
    up = gate_up[:, ${intermediate}:]
    s = torch.silu(gate)
    t = df * up
    torch.mul(s, df, out=up)
    torch.silu_backward(t, gate, grad_input=gate)
    return gate_up

  def later(self, rows: int, before: int, like):
    # added to scores of `rows` queries that have `before` keys in front of their own: later keys are
    # hidden; (1, group * rows, before + rows)
    hidden = torch.full([rows, before + rows], self.hiding(like.dtype), dtype=like.dtype, device=like.device).triu_(before + 1)
    return hidden.repeat([${group}, 1]).unsqueeze(0)

  def attend_back(self, rows, dy, first_mask):
    # Of `attend`, as (dq, dk, dv) by heads; scores again, then plain products: on bfloat16 twice as fast
    # as the flash kernel's backward. dq and dk lack the factor 1 / sqrt(headSize). Some queries at a
    # time, so that scores stay small and the half of them that is hidden is not computed.
    n = rows.size(0)
    q = self.queries(rows)
    k = self.keys(rows, ${keysAt})
    v = self.keys(rows, ${valuesAt})
    dout = self.queries(dy)
    dqs = annotate(List[Tensor], [])
    dk = torch.zeros([${keyHeads}, n, ${headSize}], dtype=rows.dtype, device=rows.device)
    dv = torch.zeros_like(dk)
    for a in range(0, n, ${attentionChunk}):
      e = min(a + ${attentionChunk}, n)
      hidden = first_mask if a == 0 else self.later(e - a, a, rows)
      qa = q[:, :, a:e].reshape([${keyHeads}, ${group} * (e - a), ${headSize}])
      da = dout[:, :, a:e].reshape([${keyHeads}, ${group} * (e - a), ${headSize}])
      ka = k[:, 0:e]
      p = torch.softmax(torch.baddbmm(hidden, qa, ka.transpose(1, 2), alpha=${attentionScale}), -1)
      dv[:, 0:e].baddbmm_(p.transpose(1, 2), da)
      ds = torch._softmax_backward_data(torch.bmm(da, v[:, 0:e].transpose(1, 2)), p, -1, p.dtype)
      dqs.append(torch.bmm(ds, ka).view([${keyHeads}, ${group}, e - a, ${headSize}]))
      dk[:, 0:e].baddbmm_(ds.transpose(1, 2), qa)
    return torch.cat(dqs, 2), dk, dv

  def attention_back(self, dy, qkv, lengths: List[int], masks: List[Tensor]):
    # of `attention`; dK and dV of the shared rows add up over the examples
    shared = lengths[0]
    dqkv = torch.empty_like(qkv)
    at = shared
    for i in range(1, len(lengths)):
      own = lengths[i]
      n = shared + own
      if i == 1:
        part = dy[0:n]
      else:
        part = dy[at:at + own]
        if shared > 0: # the shared rows' output was taken from the first example
          part = torch.cat([torch.zeros([shared, ${queryColumns}], dtype=dy.dtype, device=dy.device), part])
      rows = self.widened(self.example(qkv, shared, at, own))
      dq, dk, dv = self.attend_back(rows, self.widened(part), masks[i - 1])
      top = 0
      if i > 1 and shared > 0:
        top = shared
        beginning = dqkv[0:shared]
        self.queries(beginning).add_(dq[:, :, 0:shared])
        self.keys(beginning, ${keysAt}).add_(dk[:, 0:shared])
        self.keys(beginning, ${valuesAt}).add_(dv[:, 0:shared])
      rows = dqkv[at - shared + top:at + own] if i == 1 else dqkv[at:at + own]
      self.queries(rows).copy_(dq[:, :, top:])
      self.keys(rows, ${keysAt}).copy_(dk[:, top:])
      self.keys(rows, ${valuesAt}).copy_(dv[:, top:])
      at += own
    return dqkv

  def spread(self, x, rows, n: int):
    # (M, .) back to all n rows, 0 elsewhere
    return torch.zeros([n, x.size(1)], dtype=x.dtype, device=x.device).index_copy_(0, rows, x)

  def gradients(self, tokens, positions, lengths, label_rows, targets, weight, recompute, scales, places, cuts, t: List[Tensor], g: List[Tensor], dropped: List[Tensor]):
    # As `gradients_by_autograd`, where nothing but low-rank adapters is trained.
    torch.set_grad_enabled(False)
    base = self.weights
    at = self.integers(places)
    l = self.placed(scales, at, t, self.integers(cuts), dropped)
    gl = self.placed(scales, at, g, annotate(List[int], []), g)
    parts = self.integers(lengths)
    every = int(recompute)
    step = ${layers} if every == 0 else every
    x = torch.embedding(base[0], tokens)
    turns = self.turns(positions, x.dtype)
    starts = annotate(List[Tensor], [])
    kept = annotate(List[List[Tensor]], [])
    for block in range(${layers}):
      if block % step == 0:
        starts.append(x)
      x, needed = self.begun(x, turns, parts, label_rows, block, base, l)
      if every == 0:
        kept.append(needed)
    inverse = self.inverse_rms(x)
    found, dx = self.head(self.normed(x, inverse, base[1]), targets, base[2], True, float(weight), x[0:0])
    dx = self.normed_back(dx, x, inverse, base[1], torch.zeros([1], dtype=x.dtype, device=x.device))
    cos, sin = turns
    # the attention scale that dq and dk lack
    back_turns = (cos * ${attentionScale}, sin * ${attentionScale})
    masks = annotate(List[Tensor], [])
    for i in range(1, len(parts)):
      masks.append(self.later(min(parts[0] + parts[i], ${attentionChunk}), 0, self.widened(x)))
    for back in range(${layers}):
      block = ${layers} - 1 - back
      if len(kept) == 0:
        x = starts.pop()
        for again in range(block // step * step, block + 1):
          x, needed = self.begun(x, turns, parts, label_rows, again, base, l)
          kept.append(needed)
      w = self.carried(block, base, dx)
      k = kept.pop()
      inverse, qkv, attended, middle, inverse2, gate_up = k[0], k[1], k[2], k[3], k[4], k[5]
      before = k[-1]
      z = k[6:]
      h = self.gated(gate_up) if self.adapted(block, 6, 7, l) else gate_up
      df = self.project_back(dx, h, True, block, 6, 7, w, l, gl, z)
      dgate_up = self.gated_back_(gate_up, df)
      gain = w[self.rest_of(block, 1)]
      h = self.normed(middle, inverse2, gain) if self.adapted(block, 4, 6, l) else middle
      dh = self.project_back(dgate_up, h, True, block, 4, 6, w, l, gl, z)
      dmiddle = self.normed_back(dh, middle, inverse2, gain, dx)
      dattended = self.project_back(dmiddle, attended, True, block, 3, 4, w, l, gl, z)
      if back == 0:
        dattended = self.spread(dattended, label_rows, tokens.size(0))
        dmiddle = self.spread(dmiddle, label_rows, tokens.size(0))
      dqkv = self.rotate_(self.attention_back(dattended, qkv, parts, masks), back_turns, -1.)
      gain = w[self.rest_of(block, 0)]
      h = self.normed(before, inverse, gain) if self.adapted(block, 0, 3, l) else before
      dh = self.project_back(dqkv, h, block > 0, block, 0, 3, w, l, gl, z)
      if block > 0:
        dx = self.normed_back(dh, before, inverse, gain, dmiddle)
    return -torch.sum(found, dtype=7)
