# Decoder of the LLaMA family on packed rows, with low-rank adapters on any of its linear layers.
#
# TorchScript in libtorch's own dialect, compiled when a checkpoint is loaded; no Python runs. What
# stands in dollar and braces is the checkpoint's shape, filled in by Java.
#
# A batch is N token rows without padding (dev.tributary.fl.model.PackedBatch): first the rows that all
# examples begin with, then each example's own. `lengths` has their numbers; the head runs at the M
# label rows only. d is the dtype of the compute, float32 or bfloat16.
#
# Lists of tensors, always of full length:
#   w        weights: 0 token embedding, 1 last norm, 2 head (tied: the embedding again), then nine a
#            block: norm, q, k, v, o, norm, gate, up, down; linear weights are (outputs, inputs)
#   l        adapters: fourteen a block, A (rank, inputs) and B (outputs, rank) of q, k, v, o, gate, up,
#            down, float32; an empty tensor where a layer is not adapted
#   g        gradients of l (of w in full fine-tuning), float32; they are added to
#   dropped  seven a block, (rows, inputs), true where dropout cuts that layer's adapter off from its
#            input; empty where it does not
# `scale` is what an adapter's update is multiplied by, 1 / (1 - dropout) included.
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  weights : List[Tensor]
  tables : List[Tensor]

  # ---- loading

  def load(self, places, copied: List[Tensor], frequencies, dtype):
    # places: per weight the number of a mapped file (-1: the next of `copied`), first element there,
    # rows, columns (0: a vector). Where file and compute have one dtype the weight stays mapped. A tied
    # head is the embedding itself, not a second copy of it.
    torch.set_grad_enabled(False)
    files = annotate(List[Tensor], [])
    ${files}
    taken = 0
    for i in range(places.size(0)):
      if i == 2 and ${tied}:
        self.weights.append(self.weights[0])
      else:
        file = int(places[i][0])
        first = int(places[i][1])
        rows = int(places[i][2])
        columns = int(places[i][3])
        if file < 0:
          values = copied[taken].clone()
          taken += 1
        else:
          values = files[file].slice(0, first, first + rows * max(columns, 1))
        if columns > 0:
          values = values.view([rows, columns])
        self.weights.append(values.to(frequencies.device, int(dtype)))
    self.tables.append(frequencies.clone())
    return torch.zeros([1])

  def integers(self, values):
    all = annotate(List[int], [])
    for i in range(values.size(0)):
      all.append(int(values[i]))
    return all

  def wide(self, d: int):
    # dtype of norms' statistics, rotary angles and log-probabilities: float32, in float64 tests float64
    return 7 if d == 7 else 6

  # ---- products
  #
  # Without instructions for it (AVX-512) libtorch multiplies bfloat16 matrices on the CPU ten times slower
  # than float32 ones. There the factors are widened, and the product is rounded once.

  def widens(self, x):
    return x.dtype == 15 and not x.is_cuda and not ops.mkldnn._is_mkldnn_bf16_supported()

  def widened(self, x):
    return x.to(6) if self.widens(x) else x

  def product(self, a, b):
    if self.widens(a):
      y = torch.mm(a.to(6), b.to(6)).to(a.dtype)
    else:
      y = torch.mm(a, b)
    return y

  def product_(self, y, a, b):
    # y = a b
    if self.widens(a):
      y.copy_(torch.mm(a.to(6), b.to(6)))
    else:
      torch.mm(a, b, out=y)
    return y

  def add_product_(self, y, a, b, factor: float):
    # y += factor a b
    if self.widens(a):
      y.add_(torch.mm(a.to(6), b.to(6)), alpha=factor)
    else:
      y.addmm_(a, b, alpha=factor)
    return y

  def accumulate_(self, g, a, b, factor: float):
    # g += factor a b; g is float32 whatever a and b are
    if g.dtype == a.dtype:
      g.addmm_(a, b, alpha=factor)
    elif self.widens(a):
      g.addmm_(a.to(6), b.to(6), alpha=factor)
    else:
      g.add_(torch.mm(a, b), alpha=factor)
    return g

  # ---- parts of a block

  def inverse_rms(self, x):
    # 1 / root mean square of each row, (N, 1)
    return torch.rsqrt(x.to(self.wide(x.dtype)).square().mean([-1], True) + ${normEpsilon})

  def normed(self, x, inverse, gain):
    return (x * inverse).to(x.dtype).mul_(gain)

  def angles(self, positions, d: int):
    # Cosine and sine, (N, 1, headSize / 2). Of float32 angles, as transformers has them; the functions in
    # float64, as an element's float32 value may depend on where in the array it stands.
    angle = torch.outer(positions.to(self.tables[0].dtype), self.tables[0]).unsqueeze(1).to(7)
    return angle.cos().to(d), angle.sin().to(d)

  def rotate_(self, qkv, cos, sin, sign: float):
    # q and k in place; sign -1 is the transpose, for the backward pass
    heads = qkv[:, 0:${valuesAt}].view([qkv.size(0), ${queryAndKeyHeads}, ${headSize}])
    a = heads[:, :, 0:${half}]
    b = heads[:, :, ${half}:]
    turned = a * sin
    a.mul_(cos).addcmul_(b, sin, value=-sign)
    b.mul_(cos).add_(turned, alpha=sign)
    return qkv

  def gated(self, gate_up):
    return torch.silu(gate_up[:, 0:${intermediate}]).mul_(gate_up[:, ${intermediate}:])

  def weight_of(self, block: int, layer: int):
    # place in w of linear layer 0 to 6: q, k, v, o, gate, up, down
    return 4 + 9 * block + layer + (1 if layer > 3 else 0)

  def project(self, x, block: int, first: int, last: int, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float, z: List[Tensor]):
    # Linear layers first to last - 1 of a block, which share their input, as one (N, sum of outputs):
    # W x + scale B A x. A x is left in z, for the backward pass (empty without an adapter).
    columns = 0
    for i in range(first, last):
      columns += w[self.weight_of(block, i)].size(0)
    y = torch.empty([x.size(0), columns], dtype=x.dtype, device=x.device)
    at = 0
    for i in range(first, last):
      weight = w[self.weight_of(block, i)]
      part = y[:, at:at + weight.size(0)]
      self.product_(part, x, weight.t())
      A = l[14 * block + 2 * i]
      if A.numel() > 0:
        cut = dropped[7 * block + i]
        input = x.masked_fill(cut, 0.) if cut.numel() > 0 else x
        Ax = self.product(input, A.to(x.dtype).t())
        self.add_product_(part, Ax, l[14 * block + 2 * i + 1].to(x.dtype).t(), scale)
        z.append(Ax)
      else:
        z.append(A)
      at += weight.size(0)
    return y

  # ---- attention

  def keys(self, x, first: int):
    # columns from `first` as (key heads, rows, headSize)
    return x[:, first:first + ${keyColumns}].view([x.size(0), ${keyHeads}, ${headSize}]).transpose(0, 1)

  def queries(self, x):
    # the first columns as (key heads, query heads of that key head, rows, headSize)
    return x[:, 0:${queryColumns}].view([x.size(0), ${keyHeads}, ${group}, ${headSize}]).permute([1, 2, 0, 3])

  def for_group(self, kv):
    # The key head as batch, repeated for its query heads by stride 0: nothing is copied, and it is still
    # the flash kernel (enable_gqa takes 2 to 4 times as long on the CPU).
    return kv.unsqueeze(1).expand([${keyHeads}, ${group}, kv.size(1), ${headSize}])

  def example(self, x, shared: int, at: int, own: int):
    # rows of one example: the shared beginning, then its own
    rows = x[at:at + own]
    if shared > 0:
      rows = torch.cat([x[0:shared], rows])
    return rows

  def attend(self, example):
    # causal attention inside one example, (rows, queryColumns)
    rows = self.widened(example)
    y = torch.scaled_dot_product_attention(self.queries(rows), self.for_group(self.keys(rows, ${keysAt})), self.for_group(self.keys(rows, ${valuesAt})), None, 0., True)
    return y.permute([2, 0, 1, 3]).reshape([rows.size(0), ${queryColumns}]).to(example.dtype)

  def attention(self, qkv, lengths: List[int]):
    # every example's, (N, queryColumns); under causal attention the shared rows' are the same in each
    shared = lengths[0]
    y = torch.empty([qkv.size(0), ${queryColumns}], dtype=qkv.dtype, device=qkv.device)
    at = shared
    for i in range(1, len(lengths)):
      own = lengths[i]
      attended = self.attend(self.example(qkv, shared, at, own))
      if i == 1:
        y[0:shared + own] = attended
      else:
        y[at:at + own] = attended[shared:]
      at += own
    return y

  # ---- forward

  def trunk(self, tokens, positions, lengths: List[int], rows, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float, keep: bool, kept: List[List[Tensor]]):
    # Hidden states before the last norm at `rows` (empty: at all), in place where it can be. With `keep`
    # each block leaves in `kept` what its backward pass needs.
    x = torch.embedding(w[0], tokens)
    cos, sin = self.angles(positions, x.dtype)
    for block in range(${layers}):
      norms = 3 + 9 * block
      z = annotate(List[Tensor], [])
      before = x
      inverse = self.inverse_rms(x)
      qkv = self.project(self.normed(x, inverse, w[norms]), block, 0, 3, w, l, dropped, scale, z)
      self.rotate_(qkv, cos, sin, 1.)
      attended = self.attention(qkv, lengths)
      if block == ${layers} - 1 and rows.numel() > 0:
        # after the last attention only the rows asked for are needed
        attended = attended.index_select(0, rows)
        x = x.index_select(0, rows)
      middle = self.project(attended, block, 3, 4, w, l, dropped, scale, z).add_(x)
      inverse2 = self.inverse_rms(middle)
      gate_up = self.project(self.normed(middle, inverse2, w[norms + 5]), block, 4, 6, w, l, dropped, scale, z)
      x = self.project(self.gated(gate_up), block, 6, 7, w, l, dropped, scale, z).add_(middle)
      if keep:
        kept.append([before, inverse, qkv, attended, middle, inverse2, gate_up] + z)
    return x

  def head(self, x, targets, head, back: bool, weight: float, dhead):
    # Log-probability of each target (M) after the head; with `back` also the gradient of weight times
    # the summed negative log-likelihood at x, and the head's is added to dhead unless that is empty.
    # Some rows at a time: logits are (${labelChunk}, vocabulary) at most.
    M = x.size(0)
    wide = self.wide(x.dtype)
    head = self.widened(head)
    found = torch.empty([M], dtype=wide, device=x.device)
    dx = torch.empty_like(x) if back else x
    for c in range(0, M, ${labelChunk}):
      e = min(c + ${labelChunk}, M)
      target = targets[c:e].unsqueeze(1)
      logits = torch.mm(x[c:e].to(head.dtype), head.t()).to(x.dtype)
      p = torch.log_softmax(logits, -1, wide)
      found[c:e] = p.gather(1, target).squeeze(1)
      if back:
        p.exp_()
        p.scatter_(1, target, p.gather(1, target) - 1.)
        dlogits = p.to(x.dtype)
        dx[c:e] = torch.mm(dlogits.to(head.dtype), head)
        if dhead.numel() > 0:
          self.accumulate_(dhead, dlogits.t(), x[c:e], weight)
    if back:
      dx.mul_(weight)
    return found, dx

  def base(self, l: List[Tensor], dropped: List[Tensor]):
    # the frozen weights; every method that trains nothing in w takes them from here
    torch.set_grad_enabled(False)
    return self.weights

  def in_dtype(self, w: List[Tensor]):
    # full fine-tuning's float32 masters as the compute wants them
    torch.set_grad_enabled(False)
    d = self.weights[0].dtype
    all = annotate(List[Tensor], [])
    for i in range(len(w)):
      all.append(all[0] if i == 2 and ${tied} else w[i].to(d))
    return all

  def logits_of(self, tokens, positions, lengths, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float):
    x = self.trunk(tokens, positions, self.integers(lengths), tokens[0:0], w, l, dropped, scale, False, annotate(List[List[Tensor]], []))
    return self.product(self.normed(x, self.inverse_rms(x), w[1]), w[2].t()).to(6)

  def log_probabilities_of(self, tokens, positions, lengths, label_rows, targets, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float):
    x = self.trunk(tokens, positions, self.integers(lengths), label_rows, w, l, dropped, scale, False, annotate(List[List[Tensor]], []))
    found, same = self.head(self.normed(x, self.inverse_rms(x), w[1]), targets, w[2], False, 0., x[0:0])
    return found.to(6)

  def logits(self, tokens, positions, lengths, scale, l: List[Tensor], dropped: List[Tensor]):
    return self.logits_of(tokens, positions, lengths, self.base(l, dropped), l, dropped, float(scale))

  def logits_full(self, tokens, positions, lengths, w: List[Tensor], l: List[Tensor], dropped: List[Tensor]):
    return self.logits_of(tokens, positions, lengths, self.in_dtype(w), l, dropped, 0.)

  def log_probabilities(self, tokens, positions, lengths, label_rows, targets, scale, l: List[Tensor], dropped: List[Tensor]):
    return self.log_probabilities_of(tokens, positions, lengths, label_rows, targets, self.base(l, dropped), l, dropped, float(scale))

  def log_probabilities_full(self, tokens, positions, lengths, label_rows, targets, w: List[Tensor], l: List[Tensor], dropped: List[Tensor]):
    return self.log_probabilities_of(tokens, positions, lengths, label_rows, targets, self.in_dtype(w), l, dropped, 0.)

  # ---- backward, written out

  def normed_back(self, dy, x, inverse, gain, more):
    # y = x r g: dx = r g dy - x r^3 mean(g dy x); plus `more`, the residual's gradient
    t = dy.to(inverse.dtype) * gain
    c = (t * x).mean([-1], True) * (inverse.square() * inverse)
    t.mul_(inverse).addcmul_(x.to(inverse.dtype), c, value=-1.)
    return more + t.to(x.dtype)

  def adapted(self, block: int, first: int, last: int, l: List[Tensor]):
    found = False
    for i in range(first, last):
      found = found or l[14 * block + 2 * i].numel() > 0
    return found

  def project_back(self, dy, x, wanted: bool, block: int, first: int, last: int, w: List[Tensor], l: List[Tensor], g: List[Tensor], dropped: List[Tensor], scale: float, z: List[Tensor]):
    # Of `project`: adds the adapters' gradients to g, gives that of the input x if `wanted`. x counts only
    # where there are adapters.
    dx = dy
    at = 0
    for i in range(first, last):
      weight = w[self.weight_of(block, i)]
      part = dy[:, at:at + weight.size(0)]
      if wanted:
        if i == first:
          dx = self.product(part, weight)
        else:
          self.add_product_(dx, part, weight, 1.)
      at += weight.size(0)
      a = 14 * block + 2 * i
      if l[a].numel() > 0:
        A = l[a].to(x.dtype)
        dz = self.product(part, l[a + 1].to(x.dtype)).mul_(scale)
        self.accumulate_(g[a + 1], part.t(), z[i], scale)
        cut = dropped[7 * block + i]
        if cut.numel() > 0:
          self.accumulate_(g[a], dz.t(), x.masked_fill(cut, 0.), 1.)
          if wanted:
            dx.add_(self.product(dz, A).masked_fill_(cut, 0.))
        else:
          self.accumulate_(g[a], dz.t(), x, 1.)
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
    hidden = torch.full([rows, before + rows], -1e30, dtype=like.dtype, device=like.device).triu_(before + 1)
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

  def gradients(self, tokens, positions, lengths, label_rows, targets, weight, scale, l: List[Tensor], g: List[Tensor], dropped: List[Tensor]):
    # Adds to g the gradients of weight times the summed negative log-likelihood; gives that sum, float64.
    w = self.base(l, dropped)
    s = float(scale)
    parts = self.integers(lengths)
    kept = annotate(List[List[Tensor]], [])
    x = self.trunk(tokens, positions, parts, label_rows, w, l, dropped, s, True, kept)
    inverse = self.inverse_rms(x)
    found, dx = self.head(self.normed(x, inverse, w[1]), targets, w[2], True, float(weight), x[0:0])
    dx = self.normed_back(dx, x, inverse, w[1], torch.zeros([1], dtype=x.dtype, device=x.device))
    cos, sin = self.angles(positions, x.dtype)
    # the attention scale that dq and dk lack
    cos = cos * ${attentionScale}
    sin = sin * ${attentionScale}
    masks = annotate(List[Tensor], [])
    for i in range(1, len(parts)):
      masks.append(self.later(min(parts[0] + parts[i], ${attentionChunk}), 0, self.widened(x)))
    for back in range(${layers}):
      block = ${layers} - 1 - back
      norms = 3 + 9 * block
      k = kept.pop()
      before, inverse, qkv, attended, middle, inverse2, gate_up = k[0], k[1], k[2], k[3], k[4], k[5], k[6]
      z = k[7:]
      h = self.gated(gate_up) if self.adapted(block, 6, 7, l) else gate_up
      df = self.project_back(dx, h, True, block, 6, 7, w, l, g, dropped, s, z)
      dgate_up = self.gated_back_(gate_up, df)
      h = self.normed(middle, inverse2, w[norms + 5]) if self.adapted(block, 4, 6, l) else middle
      dh = self.project_back(dgate_up, h, True, block, 4, 6, w, l, g, dropped, s, z)
      dmiddle = self.normed_back(dh, middle, inverse2, w[norms + 5], dx)
      dattended = self.project_back(dmiddle, attended, True, block, 3, 4, w, l, g, dropped, s, z)
      if back == 0:
        dattended = self.spread(dattended, label_rows, tokens.size(0))
        dmiddle = self.spread(dmiddle, label_rows, tokens.size(0))
      dqkv = self.rotate_(self.attention_back(dattended, qkv, parts, masks), cos, sin, -1.)
      h = self.normed(before, inverse, w[norms]) if self.adapted(block, 0, 3, l) else before
      dh = self.project_back(dqkv, h, block > 0, block, 0, 3, w, l, g, dropped, s, z)
      if block > 0:
        dx = self.normed_back(dh, before, inverse, w[norms], dmiddle)
    return -torch.sum(found, dtype=7)

  # ---- the same by autograd: the oracle of the above, and full fine-tuning

  def plain_product(self, x, weight):
    if self.widens(x):
      y = torch.linear(x.to(6), weight.to(6)).to(x.dtype)
    else:
      y = torch.linear(x, weight.to(x.dtype))
    return y

  def plain_linear(self, x, block: int, i: int, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float):
    y = self.plain_product(x, w[self.weight_of(block, i)])
    A = l[14 * block + 2 * i]
    if A.numel() > 0:
      cut = dropped[7 * block + i]
      input = x.masked_fill(cut, 0.) if cut.numel() > 0 else x
      y = y + self.plain_product(self.plain_product(input, A), l[14 * block + 2 * i + 1]) * scale
    return y

  def plain_norm(self, x, gain):
    return (x * self.inverse_rms(x)).to(x.dtype) * gain.to(x.dtype)

  def plain_rotated(self, x, cos, sin):
    heads = x.view([x.size(0), -1, ${headSize}])
    a = heads[:, :, 0:${half}]
    b = heads[:, :, ${half}:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).flatten(1)

  def plain_trunk(self, tokens, positions, lengths: List[int], rows, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float):
    # after the last norm, at `rows`
    x = torch.embedding(w[0], tokens).to(self.weights[0].dtype)
    cos, sin = self.angles(positions, x.dtype)
    for block in range(${layers}):
      norms = 3 + 9 * block
      h = self.plain_norm(x, w[norms])
      q = self.plain_rotated(self.plain_linear(h, block, 0, w, l, dropped, scale), cos, sin)
      k = self.plain_rotated(self.plain_linear(h, block, 1, w, l, dropped, scale), cos, sin)
      qkv = torch.cat([q, k, self.plain_linear(h, block, 2, w, l, dropped, scale)], 1)
      shared = lengths[0]
      at = shared
      attended = annotate(List[Tensor], [])
      for i in range(1, len(lengths)):
        y = self.attend(self.example(qkv, shared, at, lengths[i]))
        attended.append(y if i == 1 else y[shared:])
        at += lengths[i]
      y = torch.cat(attended)
      if block == ${layers} - 1:
        y = y.index_select(0, rows)
        x = x.index_select(0, rows)
      x = x + self.plain_linear(y, block, 3, w, l, dropped, scale)
      h = self.plain_norm(x, w[norms + 5])
      f = torch.silu(self.plain_linear(h, block, 4, w, l, dropped, scale)) * self.plain_linear(h, block, 5, w, l, dropped, scale)
      x = x + self.plain_linear(f, block, 6, w, l, dropped, scale)
    return self.plain_norm(x, w[1])

  def leaf(self, x):
    return x.detach().requires_grad_(True)

  def oracle(self, tokens, positions, lengths, label_rows, targets, weight, scale, l: List[Tensor], g: List[Tensor], dropped: List[Tensor]):
    # as `gradients`
    torch.set_grad_enabled(True)
    leaves = annotate(List[Tensor], [])
    places = annotate(List[int], [])
    adapters = annotate(List[Tensor], [])
    for i in range(len(l)):
      adapters.append(self.leaf(l[i]) if l[i].numel() > 0 else l[i])
      if l[i].numel() > 0:
        leaves.append(adapters[i])
        places.append(i)
    x = self.plain_trunk(tokens, positions, self.integers(lengths), label_rows, self.weights, adapters, dropped, float(scale))
    logits = self.plain_product(x, self.weights[2]).to(self.wide(x.dtype))
    loss = torch.cross_entropy_loss(logits, targets, None, 2) # 2: the sum
    found = torch.grad([loss], leaves)
    torch.set_grad_enabled(False)
    for i, place in enumerate(places):
      g[place].add_(unchecked_cast(Tensor, found[i]), alpha=float(weight))
    return loss.detach().to(7)

  def gradients_full(self, tokens, positions, lengths, label_rows, targets, weight, w: List[Tensor], g: List[Tensor], l: List[Tensor], dropped: List[Tensor]):
    # As `gradients`, of every weight: autograd below the head, whose logits exist in chunks. A tied head
    # is one weight with two gradients.
    torch.set_grad_enabled(True)
    leaves = annotate(List[Tensor], [])
    for i in range(len(w)):
      if i != 2:
        leaves.append(self.leaf(w[i]))
    x = self.plain_trunk(tokens, positions, self.integers(lengths), label_rows, leaves[0:2] + [w[2]] + leaves[2:], l, dropped, 0.)
    torch.set_grad_enabled(False)
    found, dx = self.head(x.detach(), targets, w[2].to(x.dtype), True, float(weight), g[0] if ${tied} else g[2])
    parts = torch.grad([x], leaves, annotate(Optional[List[Optional[Tensor]]], [dx]))
    for i in range(len(parts)):
      g[i if i < 2 else i + 1].add_(unchecked_cast(Tensor, parts[i]))
    return -torch.sum(found, dtype=7)

  # ---- greedy generation
  #
  # A prompt's tokens must not depend on what else is in the batch, although floating-point sums depend on
  # the order of their terms, and kernels choose that order by the shapes they get. So
  # - prompts are read in chunks that begin at multiples of ${cacheBlock} tokens, one prompt at a time: all shapes
  #   follow from the prompt alone. Chunks that all prompts share are read once.
  # - new tokens are computed for all prompts together, in products whose rows are filled up to `multiple`
  #   times something, for which each row's sum has the same order however many rows there are: see
  #   `row_multiple`.
  # - their attention goes by blocks of ${cacheBlock} keys, counted from the prompt's first token, each block the
  #   same product whether it lies in the shared beginning or in the prompt's own cache; blocks join by
  #   their log-sum-exp in float32.
  # Finished prompts leave the batch as soon as half of it is finished.

  def fill(self, tokens, at: int, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float, shared_k: List[Tensor], shared_v: List[Tensor], own_k: List[Tensor], own_v: List[Tensor], wanted: bool):
    # Reads n tokens of a prompt from position `at` on: their keys and values go to the caches
    # (key heads, positions, headSize), which begin behind the shared ones. With `wanted` gives the hidden
    # state of the last token.
    n = tokens.size(0)
    x = torch.embedding(w[0], tokens)
    cos, sin = self.angles(torch.arange(at, at + n, device=tokens.device), x.dtype)
    z = annotate(List[Tensor], [])
    for block in range(${layers}):
      norms = 3 + 9 * block
      qkv = self.project(self.normed(x, self.inverse_rms(x), w[norms]), block, 0, 3, w, l, dropped, scale, z)
      self.rotate_(qkv, cos, sin, 1.)
      before = shared_k[block].size(1)
      end = at - before + n
      own_k[block][:, end - n:end] = self.keys(qkv, ${keysAt})
      own_v[block][:, end - n:end] = self.keys(qkv, ${valuesAt})
      if block < ${layers} - 1 or wanted:
        q = self.queries(qkv).to(own_k[block].dtype)
        k = own_k[block][:, 0:end]
        v = own_v[block][:, 0:end]
        if before > 0:
          k = torch.cat([shared_k[block], k], 1)
          v = torch.cat([shared_v[block], v], 1)
        if at == 0:
          y = torch.scaled_dot_product_attention(q, self.for_group(k), self.for_group(v), None, 0., True)
        else:
          hidden = torch.full([n, at + n], -1e30, dtype=q.dtype, device=x.device).triu_(at + 1)
          y = torch.scaled_dot_product_attention(q, self.for_group(k), self.for_group(v), hidden)
        y = y.permute([2, 0, 1, 3]).reshape([n, ${queryColumns}]).to(x.dtype)
        if block == ${layers} - 1:
          y = y[n - 1:]
          x = x[n - 1:]
        x = self.feed(y, x, block, w, l, dropped, scale, z)
      z.clear()
    return x

  def feed(self, y, x, block: int, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float, z: List[Tensor]):
    # from attention's result to the block's
    middle = self.project(y, block, 3, 4, w, l, dropped, scale, z).add_(x)
    h = self.normed(middle, self.inverse_rms(middle), w[8 + 9 * block])
    gate_up = self.project(h, block, 4, 6, w, l, dropped, scale, z)
    return self.project(self.gated(gate_up), block, 6, 7, w, l, dropped, scale, z).add_(middle)

  def row_multiple(self, largest):
    # The smallest power of two up to `largest` such that products with 1, 2, 3 and 5 times as many rows
    # give each row the same bits; 0 if there is none. MKL: 4 on AVX2, as 1 to 3 rows have kernels of
    # their own; 2 on AVX-512 with bfloat16. Sixteen rows, as another order of the terms often rounds alike.
    torch.set_grad_enabled(False)
    w = self.weights
    most = 5 * int(largest)
    found = 0
    multiple = 1
    while found == 0 and multiple <= int(largest):
      same = True
      for i in [2, 4, 5, 7, 9, 11]: # head, q, k, o, gate, down
        weight = w[i][0:8192]
        x = torch.arange(most * weight.size(1), dtype=6, device=weight.device).sin().to(weight.dtype).view([most, -1])
        all = self.product(x, weight.t())
        low_rank = self.product(x, weight[0:8].t())
        for times in [1, 2, 3, 5]:
          count = times * multiple
          for a in range(0, max(16 - count, 0) + 1, count):
            rows = x[a:a + count]
            same = same and torch.equal(self.product(rows, weight.t()), all[a:a + count])
            same = same and torch.equal(self.product(rows, weight[0:8].t()), low_rank[a:a + count])
      if same:
        found = multiple
      multiple = 2 * multiple
    return torch.full([1], found, dtype=4)

  def cache_width(self):
    # bytes of a number in the caches
    return torch.full([1], self.widened(self.weights[1]).element_size(), dtype=4)

  def filled_up(self, x, dim: int, multiple: int):
    # zeros up to a multiple
    more = -x.size(dim) % multiple
    if more > 0:
      shape = annotate(List[int], [])
      for i in range(x.dim()):
        shape.append(more if i == dim else x.size(i))
      x = torch.cat([x, torch.zeros(shape, dtype=x.dtype, device=x.device)], dim)
    return x

  def block_attention(self, q, k, v, hidden: Optional[Tensor]):
    # attention over each block alone, and the logarithm of the sum of its exponentials
    if q.is_cuda:
      scores = torch.matmul(q, k.transpose(-1, -2)).to(6) * ${attentionScale}
      if hidden is not None:
        scores = scores + hidden
      lse = torch.logsumexp(scores, -1)
      return torch.matmul(torch.softmax(scores, -1).to(v.dtype), v), lse
    return torch._scaled_dot_product_flash_attention_for_cpu(q, k, v, 0., False, attn_mask=hidden)

  def attend_cached(self, q, shared_k, shared_v, own_k, own_v, hidden, multiple: int):
    # q (B, key heads, group, headSize), one new token a prompt; shared_k (key heads, positions, headSize);
    # own_k (B * key heads, positions, headSize); hidden: added to the scores of own keys. (B, queryColumns)
    B = q.size(0)
    blocks = own_k.size(1) // ${cacheBlock}
    own_q = self.filled_up(q, 2, multiple).flatten(0, 1).unsqueeze(1)
    own_q = own_q.expand([own_q.size(0), blocks, own_q.size(2), ${headSize}])
    shape = [B * ${keyHeads}, blocks, ${cacheBlock}, ${headSize}]
    y, lse = self.block_attention(own_q, own_k.view(shape), own_v.view(shape), hidden)
    y = y[:, :, 0:${group}].to(6).view([B, ${keyHeads}, blocks, ${group}, ${headSize}])
    lse = lse[:, :, 0:${group}].view([B, ${keyHeads}, blocks, ${group}])
    before = shared_k.size(1) // ${cacheBlock}
    if before > 0:
      # all prompts' queries together
      all_q = self.filled_up(q.transpose(0, 1).reshape([${keyHeads}, B * ${group}, ${headSize}]), 1, multiple).unsqueeze(1)
      all_q = all_q.expand([${keyHeads}, before, all_q.size(2), ${headSize}])
      shape = [${keyHeads}, before, ${cacheBlock}, ${headSize}]
      ys, ls = self.block_attention(all_q, shared_k.view(shape), shared_v.view(shape), None)
      ys = ys[:, :, 0:B * ${group}].to(6).reshape([${keyHeads}, before, B, ${group}, ${headSize}]).permute([2, 0, 1, 3, 4])
      ls = ls[:, :, 0:B * ${group}].reshape([${keyHeads}, before, B, ${group}]).permute([2, 0, 1, 3])
      y = torch.cat([ys, y], 2)
      lse = torch.cat([ls, lse], 2)
    if y.size(2) > 1:
      part = (lse - lse.amax([2], True)).to(7).exp_().to(6) # float64: see `angles`
      y = (y * part.unsqueeze(-1)).sum([2]).div_(part.sum([2]).unsqueeze(-1))
    return y.reshape([B, ${queryColumns}])

  def best(self, x, w: List[Tensor], multiple: int):
    # the likeliest next token of each row
    x = self.filled_up(x, 0, multiple)
    return torch.argmax(self.product(self.normed(x, self.inverse_rms(x), w[1]), w[2].t()), -1)

  def continue_greedily(self, prompts, lengths, beginning: int, new_tokens: int, multiple: int, stops, w: List[Tensor], l: List[Tensor], dropped: List[Tensor], scale: float):
    # prompts: all tokens one after the other; beginning: how many the prompts share, a multiple of ${cacheBlock}.
    # stops: (sequences, longest), -1 in front of shorter ones. Gives (prompts, new_tokens), -1 where none
    # was made; behind a stop stands what happened to be computed.
    counts = self.integers(lengths)
    d = self.widened(w[1]).dtype # of the caches
    device = prompts.device
    shared_k = annotate(List[Tensor], [])
    shared_v = annotate(List[Tensor], [])
    nothing = annotate(List[Tensor], [])
    own_k = annotate(List[Tensor], [])
    own_v = annotate(List[Tensor], [])
    B = len(counts)
    room = (max(counts) - beginning) // ${cacheBlock} * ${cacheBlock} + ${cacheBlock}
    for block in range(${layers}):
      shared_k.append(torch.zeros([${keyHeads}, beginning, ${headSize}], dtype=d, device=device))
      shared_v.append(torch.zeros_like(shared_k[block]))
      nothing.append(shared_k[block][:, 0:0])
      own_k.append(torch.zeros([B * ${keyHeads}, room, ${headSize}], dtype=d, device=device))
      own_v.append(torch.zeros_like(own_k[block]))
    for at in range(0, beginning, ${cacheBlock}):
      self.fill(prompts[at:at + ${cacheBlock}], at, w, l, dropped, scale, nothing, nothing, shared_k, shared_v, False)
    ends = annotate(List[Tensor], [])
    first = 0
    for j in range(B):
      mine_k = annotate(List[Tensor], [])
      mine_v = annotate(List[Tensor], [])
      for block in range(${layers}):
        mine_k.append(own_k[block][j * ${keyHeads}:(j + 1) * ${keyHeads}])
        mine_v.append(own_v[block][j * ${keyHeads}:(j + 1) * ${keyHeads}])
      for at in range(beginning, counts[j], ${cacheBlock}):
        e = min(at + ${cacheBlock}, counts[j])
        x = self.fill(prompts[first + at:first + e], at, w, l, dropped, scale, shared_k, shared_v, mine_k, mine_v, e == counts[j])
        if e == counts[j]:
          ends.append(x)
      first += counts[j]
    token = self.best(torch.cat(ends), w, multiple)[0:B]

    made = torch.full([B * new_tokens], -1, dtype=4, device=device)
    prompt = torch.arange(B, device=device) # the number of each row's prompt
    filled = lengths.to(device, 4) - beginning # positions in each row's own cache
    recent = torch.full([B, stops.size(1)], -2, dtype=4, device=device)
    finished = torch.zeros([B], dtype=11, device=device)
    z = annotate(List[Tensor], [])
    for t in range(new_tokens):
      made.index_copy_(0, prompt * new_tokens + t, token)
      recent = torch.cat([recent[:, 1:], token.unsqueeze(1)], 1)
      finished = finished | ((recent.unsqueeze(1) == stops) | (stops < 0)).all(2).any(1)
      left = B - int(finished.sum())
      if t == new_tokens - 1 or left == 0:
        break
      if left * 2 <= B:
        rows = (~finished).nonzero().squeeze(1)
        heads = (rows.unsqueeze(1) * ${keyHeads} + torch.arange(${keyHeads}, device=device)).flatten()
        for block in range(${layers}):
          own_k[block] = own_k[block].index_select(0, heads)
          own_v[block] = own_v[block].index_select(0, heads)
        B = left
        prompt, filled, token = prompt[rows], filled[rows], token[rows]
        recent, finished = recent[rows], finished[rows]
      room = own_k[0].size(1)
      if int(filled.max()) == room:
        for block in range(${layers}):
          more = torch.zeros([B * ${keyHeads}, ${cacheBlock}, ${headSize}], dtype=d, device=device)
          own_k[block] = torch.cat([own_k[block], more], 1)
          own_v[block] = torch.cat([own_v[block], more], 1)
        room += ${cacheBlock}
      # the new token's place in the caches seen as (B * key heads * room, headSize)
      places = ((torch.arange(B, device=device).unsqueeze(1) * ${keyHeads} + torch.arange(${keyHeads}, device=device)) * room + filled.unsqueeze(1)).flatten()
      later = torch.arange(room, device=device) > filled.unsqueeze(1)
      hidden = torch.zeros([B, room], dtype=d, device=device).masked_fill_(later, -1e30).unsqueeze(1).expand([B, ${keyHeads}, room])
      hidden = hidden.reshape([B * ${keyHeads}, room // ${cacheBlock}, 1, ${cacheBlock}])
      x = torch.embedding(w[0], self.filled_up(token, 0, multiple))
      cos, sin = self.angles(self.filled_up(filled + beginning, 0, multiple), x.dtype)
      for block in range(${layers}):
        qkv = self.project(self.normed(x, self.inverse_rms(x), w[3 + 9 * block]), block, 0, 3, w, l, dropped, scale, z)
        self.rotate_(qkv, cos, sin, 1.)
        qkv = qkv[0:B]
        own_k[block].view([-1, ${headSize}]).index_copy_(0, places, qkv[:, ${keysAt}:${valuesAt}].reshape([-1, ${headSize}]).to(d))
        own_v[block].view([-1, ${headSize}]).index_copy_(0, places, qkv[:, ${valuesAt}:].reshape([-1, ${headSize}]).to(d))
        q = qkv[:, 0:${queryColumns}].view([B, ${keyHeads}, ${group}, ${headSize}]).to(d)
        y = self.attend_cached(q, shared_k[block], shared_v[block], own_k[block], own_v[block], hidden, multiple)
        x = self.feed(self.filled_up(y.to(x.dtype), 0, multiple), x, block, w, l, dropped, scale, z)
        z.clear()
      filled = filled + 1
      token = self.best(x, w, multiple)[0:B]
    return made

  def generate(self, prompts, lengths, beginning, new_tokens, multiple, stops, scale, l: List[Tensor], dropped: List[Tensor]):
    return self.continue_greedily(prompts, lengths, int(beginning), int(new_tokens), int(multiple), stops, self.base(l, dropped), l, dropped, float(scale))

  def generate_full(self, prompts, lengths, beginning, new_tokens, multiple, stops, w: List[Tensor], l: List[Tensor], dropped: List[Tensor]):
    return self.continue_greedily(prompts, lengths, int(beginning), int(new_tokens), int(multiple), stops, self.in_dtype(w), l, dropped, 0.)
