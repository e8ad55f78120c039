# A causal decoder on packed rows, with trained tensors at any of its places: what all families share.
#
# TorchScript in libtorch's own dialect, compiled when a checkpoint is loaded; no Python runs. What stands in
# dollar and braces is the checkpoint's shape, filled in by Java. A family's file adds the methods of its
# blocks to this class: Java joins the two texts.
#
# A batch is N token rows without padding (dev.tributary.fl.model.PackedBatch): first the rows that all
# examples begin with, then each example's own. `lengths` has their numbers; the head runs at the M
# label rows only. A negative token is a virtual one: -1 the first, -2 the second; they stand in front.
# d is the dtype of the compute: float32, bfloat16 or float16, in tests float64.
#
# Lists of tensors that methods pass on:
#   w   weights. 0 token embedding, 1 weight of the last norm, 2 head (tied: the embedding again), further ones of
#       the family, then for each block: its linear layers' weights, their biases, and the rest. Empty where
#       the model has none.
#   l   places beside the weights, ${slots} for each linear layer: A (rank, inputs), B (outputs, rank), DoRA's
#       magnitudes (outputs), factors of the inputs, factors of the outputs, and what dropout cuts off (rows,
#       inputs). Then the layers' scales (CPU; last of them 1 / (1 - dropout)), embeddings of virtual tokens, and
#       their keys and values (tokens, keys and values of each block). Empty where there is nothing.
# Methods that Java calls get trained tensors as they come, `t`, float32, and their `places`: of w from 0 on, or
# -1 - the place in l. `g` has their gradients, float32; they are added to. `dropped` goes to the places `cuts`.
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool
  weights : List[Tensor]
  scales : List[Tensor]
  tables : List[Tensor]

  # ---- loading

  def home(self, i: int, first):
    # the device where a weight lives: blocks are spread over ${devices}, what is around them is on the first
    devices = annotate(List[str], ${devices})
    device = first.device
    if i >= ${top} and ${spread}:
      device = torch.device(devices[(i - ${top}) // ${perBlock} * len(devices) // ${layers}])
    if i >= ${top} and ${offload}:
      device = torch.device("cpu")
    return device

  def quantised(self, weight, i: int):
    # A linear layer's weight as 8-bit integers, and what each output's are multiplied by: the largest becomes
    # 127. Others stay as they are.
    scale = weight[0:0]
    if ${int8} and i >= ${top} and (i - ${top}) % ${perBlock} < ${linears}:
      scale = (self.factor(weight).to(6).abs().amax([0]) / 127.).clamp(1e-30)
      rows = self.factor((self.factor(weight).to(6) / scale).round_())
      weight = rows.to(1).contiguous()
    return weight, scale

  def matrix(self, w: List[Tensor], i: int, d: int):
    # a linear layer's weight as the compute wants it
    weight = w[i]
    if weight.dtype == 1:
      scale = self.scales[i].to(weight.device)
      return (weight.to(6) * (scale if ${inputsFirst} else scale.unsqueeze(1))).to(d)
    return weight.to(d)

  def carried(self, block: int, w: List[Tensor], x):
    # w with a block's weights where x is, if they live in the host's memory
    if ${offload}:
      w = w[:]
      for i in range(${top} + ${perBlock} * block, ${top} + ${perBlock} * (block + 1)):
        w[i] = w[i].to(x.device)
    return w

  def arrived(self, x, block: int, w: List[Tensor]):
    # x where a block's weights are
    return x.to(w[self.weight_of(block, 0)].device) if ${spread} else x

  def load(self, stored, copied: List[Tensor], table, dtype):
    # stored: per weight the number of a mapped file (-1: the next of `copied`, -2: the model has none), first
    # element there, rows, columns (0: a vector). Where file and compute have one dtype the weight stays
    # mapped. A tied head is the embedding itself, not a second copy of it.
    torch.set_grad_enabled(False)
    files = annotate(List[Tensor], [])
    ${files}
    taken = 0
    for i in range(stored.size(0)):
      if i == 2 and ${tied}:
        self.weights.append(self.weights[0])
        self.scales.append(self.weights[0][0:0])
      else:
        file = int(stored[i][0])
        first = int(stored[i][1])
        rows = int(stored[i][2])
        columns = int(stored[i][3])
        if file == -2:
          values = torch.zeros([0])
        elif file == -1:
          values = copied[taken].clone()
          taken += 1
        else:
          values = files[file].slice(0, first, first + rows * max(columns, 1))
        if columns > 0:
          values = values.view([rows, columns])
        weight, scale = self.quantised(values.to(self.home(i, table), int(dtype)), i)
        self.weights.append(weight)
        self.scales.append(scale)
    self.tables.append(table.clone())
    return torch.zeros([1])

  def integers(self, values):
    all = annotate(List[int], [])
    for i in range(values.size(0)):
      all.append(int(values[i]))
    return all

  def wide(self, d: int):
    # dtype of norms' statistics, rotary angles and log-probabilities: float32, in float64 tests float64
    return 7 if d == 7 else 6

  # ---- trained tensors

  def weight_of(self, block: int, layer: int):
    # place in w of a block's linear layer
    return ${top} + ${perBlock} * block + layer

  def bias_of(self, block: int, layer: int):
    return ${top} + ${perBlock} * block + ${linears} + layer

  def rest_of(self, block: int, number: int):
    # place in w of what a block has beside its linear layers
    return ${top} + ${perBlock} * block + 2 * ${linears} + number

  def slot(self, block: int, layer: int):
    # place in l of a linear layer's A; the others follow
    return ${slots} * (${linears} * block + layer)

  def scale_of(self, block: int, layer: int, l: List[Tensor]):
    # what a layer's low-rank update is multiplied by, 1 / (1 - dropout) included
    return float(l[${slots} * ${linears} * ${layers}][${linears} * block + layer])

  def keep_scale(self, l: List[Tensor]):
    return float(l[${slots} * ${linears} * ${layers}][-1])

  def placed_weights(self, places: List[int], t: List[Tensor]):
    # w with the trained ones in place of the base's, in their own dtype
    w = self.weights[:]
    for i in range(len(places)):
      if places[i] >= 0:
        w[places[i]] = t[i]
        if places[i] == 0 and ${tied}:
          w[2] = t[i]
    return w

  def placed(self, scales, places: List[int], t: List[Tensor], cuts: List[int], dropped: List[Tensor]):
    # l
    nothing = torch.zeros([0], device=self.weights[0].device)
    l = annotate(List[Tensor], [])
    for i in range(${slots} * ${linears} * ${layers}):
      l.append(nothing)
    l.append(scales)
    l.append(nothing)
    l.append(nothing)
    for i in range(len(places)):
      if places[i] < 0:
        l[-1 - places[i]] = t[i]
    for i in range(len(cuts)):
      l[cuts[i]] = dropped[i]
    return l

  def in_dtype(self, w: List[Tensor]):
    # trained weights are float32; here they are as the compute wants them
    d = self.weights[0].dtype
    all = annotate(List[Tensor], [])
    for i in range(len(w)):
      if i == 2 and ${tied}:
        all.append(all[0])
      else:
        all.append(w[i] if w[i].dtype == 1 else w[i].to(self.weights[i].device, d))
    return all

  # ---- products
  #
  # Without instructions for it (AVX-512) libtorch multiplies bfloat16 matrices on the CPU ten times slower
  # than float32 ones. There the factors are widened, and the product is rounded once.

  def widens(self, x):
    return (x.dtype == 15 and not x.is_cuda and not ops.mkldnn._is_mkldnn_bf16_supported()) or (x.dtype == 5 and not x.is_cuda)

  def hiding(self, dtype: int):
    # a score that leaves a key no weight, within the range of its number format; 5 is float16
    return -6e4 if dtype == 5 else -1e30

  def widened(self, x):
    return x.to(6) if self.widens(x) else x

  def in_panels(self, weight):
    # A weight (outputs, inputs) for products of few rows, (panels, outputs of a panel, inputs): MKL gives such a
    # product to one thread alone, and each panel to another. Each row's bits are those of torch.mm, as
    # `row_multiple` tests. Others stay as they are.
    width = 0
    rows = weight.size(0)
    if ${fewRows} > 0 and weight.dim() == 2 and weight.dtype == 6 and not weight.is_cuda and rows >= 128 and weight.is_contiguous():
      if rows % 128 == 0:
        width = 128
      elif rows % 96 == 0:
        width = 96
      elif rows % 32 == 0:
        width = 32
    return weight.view([rows // width, width, weight.size(1)]) if width > 0 else weight

  def product(self, a, b):
    # b (inputs, outputs), or of a weight in panels (panels, inputs, outputs of a panel)
    if b.dim() == 3:
      y = torch.bmm(a.unsqueeze(0).expand([b.size(0), a.size(0), a.size(1)]), b).transpose(0, 1).reshape([a.size(0), -1])
    elif self.widens(a):
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

  def factor(self, weight):
    # a linear layer's weight as (inputs, outputs), in panels each of them; GPT-2's are stored so
    return weight if ${inputsFirst} else weight.transpose(-2, -1)

  def row_norms(self, weight, A, B, scale: float):
    # of W + scale B A, for each output: what DoRA divides by; no gradient goes through it (Liu et al. 2024, 4.3)
    d = self.wide(weight.dtype)
    whole = self.factor(weight.detach().flatten(0, -2)).t().to(d) + torch.mm(B.detach().to(d), A.detach().to(d)) * scale
    return whole.norm(2, [1])

  def linear(self, x, block: int, layer: int, w: List[Tensor], l: List[Tensor]):
    # A linear layer with all that may be trained at it, (N, outputs); differentiable.
    at = self.slot(block, layer)
    d = x.dtype
    weight = self.matrix(w, self.weight_of(block, layer), d).to(x.device)
    if l[at + 3].numel() > 0:
      x = x * l[at + 3].to(x.device, d).view([1, -1])
    y = self.product(x, self.factor(weight))
    A = l[at].to(x.device)
    B = l[at + 1].to(x.device)
    if A.numel() > 0:
      cut = l[at + 5].to(x.device)
      input = x.masked_fill(cut, 0.) if cut.numel() > 0 else x
      scale = self.scale_of(block, layer, l)
      update = self.product(self.product(input, A.to(d).t()), B.to(d).t()) * scale
      magnitude = l[at + 2]
      if magnitude.numel() > 0:
        m = (magnitude.to(x.device) / self.row_norms(weight, A, B, scale / self.keep_scale(l))).to(d)
        base = y
        if cut.numel() > 0:
          # as in PEFT, whose dropout cuts off what the magnitudes scale, but not the base layer
          base = self.product(input, self.factor(weight)) * self.keep_scale(l)
        y = y + (m - 1.) * base + m * update
      else:
        y = y + update
    bias = w[self.bias_of(block, layer)]
    if bias.numel() > 0:
      y = y + bias.to(x.device, d)
    if l[at + 4].numel() > 0:
      y = y * l[at + 4].to(x.device, d).view([1, -1])
    return y

  def layer_norm(self, x, weight, bias):
    return torch.layer_norm(x, [x.size(-1)], weight.to(x.device, x.dtype), bias.to(x.device, x.dtype), ${normEpsilon})

  def multiply(self, rows):
    # The products of weights in a step on so many rows, forward and back, and nothing else: what it needs at least.
    torch.set_grad_enabled(False)
    w = self.weights
    d = w[0].dtype
    n = int(rows)
    widest = w[2].size(1)
    for i in range(${linears}):
      widest = max(widest, self.factor(w[self.weight_of(0, i)]).size(0))
    x = torch.ones([n, widest], dtype=d, device=w[0].device)
    back = x
    for block in range(${layers}):
      x = self.arrived(x, block, w)
      mine = self.carried(block, w, x)
      for layer in range(${linears}):
        factor = self.factor(self.matrix(mine, self.weight_of(block, layer), d))
        back = self.product(self.product(x[:, 0:factor.size(0)], factor), factor.t())
    head = self.widened(w[2])
    x = x.to(head.device, head.dtype)
    for c in range(0, n, ${labelChunk}):
      back = torch.mm(torch.mm(x[c:c + ${labelChunk}, 0:head.size(1)], head.t()), head)
    return back[0:1, 0].to(6)

  # ---- attention
  #
  # q, k and v are the columns of one matrix: (N, ${queryColumns} + 2 * ${keyColumns}).

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

  def bias_by_distance(self, queries, keys, d: int):
    # ALiBi: the head's slope times how far before the query a key stands, (heads, 1, queries, keys)
    return (self.tables[0].to(keys.device).view([-1, 1, 1, 1]) * (keys.unsqueeze(0) - queries.unsqueeze(1))).to(d)

  def causal(self, first: int, rows: int, like):
    # Added to scores of queries at positions first, first + 1, ...: later keys are hidden. (1, 1, rows, first +
    # rows), with distances (heads, 1, ...).
    hidden = torch.full([rows, first + rows], self.hiding(like.dtype), dtype=like.dtype, device=like.device).triu_(first + 1)
    hidden = hidden.unsqueeze(0).unsqueeze(0)
    if ${alibi}:
      keys = torch.arange(first + rows, device=like.device)
      hidden = hidden + self.bias_by_distance(keys[first:], keys, like.dtype)
    return hidden

  def attend(self, example):
    # causal attention inside one example, (rows, queryColumns)
    rows = self.widened(example)
    q = self.queries(rows)
    k = self.for_group(self.keys(rows, ${keysAt}))
    v = self.for_group(self.keys(rows, ${valuesAt}))
    if ${alibi}:
      y = torch.scaled_dot_product_attention(q, k, v, self.causal(0, rows.size(0), rows))
    else:
      y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)
    return y.permute([2, 0, 1, 3]).reshape([rows.size(0), ${queryColumns}]).to(example.dtype)

  def attention(self, qkv, lengths: List[int]):
    # every example's, (N, queryColumns); under causal attention the shared rows' are the same in each
    shared = lengths[0]
    at = shared
    attended = annotate(List[Tensor], [])
    for i in range(1, len(lengths)):
      y = self.attend(self.example(qkv, shared, at, lengths[i]))
      attended.append(y if i == 1 else y[shared:])
      at += lengths[i]
    return torch.cat(attended)

  def attend_behind(self, x, shared: int, at: int, own: int):
    # the same of one example's own rows alone, which stand behind the shared ones, (own, queryColumns)
    rows = self.widened(x[at:at + own])
    both = self.widened(self.example(x, shared, at, own))
    q = self.queries(rows)
    k = self.for_group(self.keys(both, ${keysAt}))
    v = self.for_group(self.keys(both, ${valuesAt}))
    y = torch.scaled_dot_product_attention(q, k, v, self.causal(shared, own, rows))
    return y.permute([2, 0, 1, 3]).reshape([own, ${queryColumns}]).to(x.dtype)

  def attention_once(self, qkv, lengths: List[int]):
    # As attention, in which the shared rows attend in every example, so that gradients come out; here in the first
    # alone. Where own rows are more than the shared ones, that is no less work.
    shared = lengths[0]
    at = shared
    attended = annotate(List[Tensor], [])
    for i in range(1, len(lengths)):
      own = lengths[i]
      if i == 1 or own >= shared:
        y = self.attend(self.example(qkv, shared, at, own))
        attended.append(y if i == 1 else y[shared:])
      else:
        attended.append(self.attend_behind(qkv, shared, at, own))
      at += own
    return torch.cat(attended)

  def with_virtual(self, qkv, first: int, block: int, l: List[Tensor]):
    # prefix tuning: keys and values of the virtual tokens among these rows, which begin at position `first`
    given = l[-1]
    count = min(given.size(0) - first, qkv.size(0)) if given.dim() > 1 else 0
    if count > 0:
      column = 2 * ${keyColumns} * block
      kv = given[first:first + count, column:column + 2 * ${keyColumns}].to(qkv.device, qkv.dtype)
      qkv = torch.cat([torch.cat([qkv[0:count, 0:${queryColumns}], kv], 1), qkv[count:]])
    return qkv

  # ---- forward

  def embeddings(self, tokens, w: List[Tensor], l: List[Tensor]):
    # of tokens, virtual ones in front
    d = self.weights[0].dtype
    if l[-1].numel() + l[-2].numel() == 0:
      x = torch.embedding(w[0], tokens).to(d)
    else:
      x = torch.embedding(w[0], tokens.clamp(0)).to(d)
      virtual = int((tokens < 0).sum())
      if virtual > 0 and l[-2].numel() > 0:
        first = -1 - int(tokens[0])
        x = torch.cat([l[-2][first:first + virtual].to(d), x[virtual:]])
    return x

  def moved(self, turns: Tuple[Tensor, Tensor], x):
    a, b = turns
    if ${spread}:
      a, b = a.to(x.device), b.to(x.device)
    return a, b

  def run_blocks(self, x, first: int, last: int, turns: Tuple[Tensor, Tensor], lengths: List[int], rows, w: List[Tensor], l: List[Tensor], in_place: bool):
    # Blocks first to last - 1; after the model's last attention only `rows` are left (empty: all). Differentiable,
    # unless what a block makes for itself may be changed in place.
    for block in range(first, last):
      x = self.arrived(x, block, w)
      mine = self.carried(block, w, x)
      near = self.moved(turns, x)
      qkv = self.before_(x, near, block, mine, l) if in_place else self.before(x, near, block, mine, l)
      qkv = self.with_virtual(qkv, 0, block, l)
      y = self.attention_once(qkv, lengths) if in_place else self.attention(qkv, lengths)
      if block == ${layers} - 1 and rows.numel() > 0:
        y = y.index_select(0, rows.to(x.device))
        x = x.index_select(0, rows.to(x.device))
      x = self.after_(y, x, block, mine, l) if in_place else self.after(y, x, block, mine, l)
    return x.to(self.weights[0].device) if ${spread} else x

  def trunk(self, tokens, positions, lengths: List[int], rows, w: List[Tensor], l: List[Tensor]):
    # hidden states before the last norm at `rows` (empty: at all)
    x = self.embedded(self.embeddings(tokens, w, l), positions, w)
    return self.run_blocks(x, 0, ${layers}, self.turns(positions, x.dtype), lengths, rows, w, l, True)

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

  def logits(self, tokens, positions, lengths, scales, places, t: List[Tensor]):
    torch.set_grad_enabled(False)
    at = self.integers(places)
    w = self.in_dtype(self.placed_weights(at, t))
    l = self.placed(scales, at, t, annotate(List[int], []), t)
    x = self.trunk(tokens, positions, self.integers(lengths), tokens[0:0], w, l)
    return self.product(self.last(x, w), w[2].t()).to(6)

  def log_probabilities(self, tokens, positions, lengths, label_rows, targets, scales, places, t: List[Tensor]):
    torch.set_grad_enabled(False)
    at = self.integers(places)
    w = self.in_dtype(self.placed_weights(at, t))
    l = self.placed(scales, at, t, annotate(List[int], []), t)
    x = self.trunk(tokens, positions, self.integers(lengths), label_rows, w, l)
    found, same = self.head(self.last(x, w), targets, w[2], False, 0., x[0:0])
    return found.to(6)

  # ---- gradients by autograd: of every family and every kind of adapter

  def leaf(self, x):
    return x.detach().requires_grad_(True)

  def add_(self, g: List[Tensor], parts: List[Optional[Tensor]], first: int):
    # parts from `first` on
    for i in range(len(g)):
      part = parts[first + i]
      if part is not None:
        g[i].add_(part)
    return 0

  def gradients_by_autograd(self, tokens, positions, lengths, label_rows, targets, weight, recompute, scales, places, cuts, t: List[Tensor], g: List[Tensor], dropped: List[Tensor]):
    # Adds to g the gradients of weight times the summed negative log-likelihood; gives that sum, float64.
    # The head's logits exist in chunks. With recompute = k > 0 only every k-th block's input is kept, and what
    # lies between is computed again on the way back (Chen et al. 2016); the results are the same.
    torch.set_grad_enabled(True)
    at = self.integers(places)
    leaves = annotate(List[Tensor], [])
    for i in range(len(at)):
      leaves.append(self.leaf(t[i]))
    w = self.placed_weights(at, leaves)
    l = self.placed(scales, at, leaves, self.integers(cuts), dropped)
    parts = self.integers(lengths)
    turns = self.turns(positions, self.weights[0].dtype)
    every = int(recompute)
    step = ${layers} if every == 0 else every
    x = self.embedded(self.embeddings(tokens, w, l), positions, w)
    begun = x
    inputs = annotate(List[Tensor], [])
    outputs = annotate(List[Tensor], [])
    for first in range(0, ${layers}, step):
      x = self.leaf(x)
      inputs.append(x)
      torch.set_grad_enabled(every == 0)
      x = self.run_blocks(x, first, min(first + step, ${layers}), turns, parts, label_rows, w, l, False)
      torch.set_grad_enabled(True)
      outputs.append(x if every == 0 else x[0:0])
    x = self.leaf(x)
    y = self.last(x, w)
    torch.set_grad_enabled(False)
    dhead = x[0:0]
    for i in range(len(at)):
      if at[i] == 2 or (at[i] == 0 and ${tied}):
        dhead = g[i]
    found, dy = self.head(y.detach(), targets, w[2].detach().to(y.dtype), True, float(weight), dhead)
    grads = torch.grad([y], [x] + leaves, annotate(Optional[List[Optional[Tensor]]], [dy]), None, False, True)
    self.add_(g, grads, 1)
    dx = unchecked_cast(Tensor, grads[0])
    while len(inputs) > 0:
      x = inputs.pop()
      y = outputs.pop()
      first = step * len(inputs)
      if every > 0:
        torch.set_grad_enabled(True)
        y = self.run_blocks(x, first, min(first + step, ${layers}), turns, parts, label_rows, w, l, False)
        torch.set_grad_enabled(False)
      grads = torch.grad([y], [x] + leaves, annotate(Optional[List[Optional[Tensor]]], [dx]), None, False, True)
      self.add_(g, grads, 1)
      dx = unchecked_cast(Tensor, grads[0])
    if begun.requires_grad:
      self.add_(g, torch.grad([begun], leaves, annotate(Optional[List[Optional[Tensor]]], [dx]), None, False, True), 0)
    return -torch.sum(found, dtype=7)

  # ---- generation
  #
  # A prompt's tokens must not depend on what else is in the batch, although floating-point sums depend on
  # the order of their terms, and kernels choose that order by the shapes they get. So
  # - prompts are read in pieces that begin at multiples of ${cacheBlock} tokens; their attention's shapes follow from
  #   the prompt alone. Pieces that all prompts share are read once.
  # - products are of several pieces, or of all prompts' new tokens, together; their rows are filled up to
  #   `multiple` times something, for which each row's sum has the same order however many rows there are: see
  #   `row_multiple`.
  # - their attention goes by blocks of ${cacheBlock} keys, counted from the prompt's first token, each block the
  #   same product whether it lies in the shared beginning or in the prompt's own cache; blocks join by
  #   their log-sum-exp in float32.
  # Finished prompts leave the batch as soon as half of it is finished. Of a prompt that is alone the next tokens
  # are guessed and computed with the last one; those up to the first wrong guess are what would have come one by one.

  def pieces(self, starts: List[int], counts: List[int], beginning: int, most: int):
    # Tokens from position `beginning` of prompts that start at `starts`, in groups for `fill` of up to `most`
    # rows: prompt, first token, position, tokens of each piece. A piece is ${cacheBlock} positions at most, as its
    # attention is the same product whatever it is read with.
    groups = [annotate(List[Tuple[int, int, int, int]], [])]
    rows = 0
    for j in range(len(counts)):
      for at in range(beginning, counts[j], ${cacheBlock}):
        n = min(${cacheBlock}, counts[j] - at)
        if rows + n > most:
          groups.append(annotate(List[Tuple[int, int, int, int]], []))
          rows = 0
        groups[-1].append((j, starts[j] + at, at, n))
        rows += n
    return groups

  def fill(self, tokens, pieces: List[Tuple[int, int, int, int]], counts: List[int], multiple: int, w: List[Tensor], l: List[Tensor], shared: List[Tensor], own: List[Tensor]):
    # Reads pieces of prompts: their keys and values go to the caches `own`, which begin behind the shared ones,
    # (key heads, keys and values, positions, headSize) of each prompt. Each piece's rows are filled up. Gives the
    # hidden states of the last tokens of prompts that end here.
    parts = annotate(List[Tensor], [])
    places = annotate(List[Tensor], [])
    firsts = annotate(List[int], [])
    lasts = annotate(List[int], [])
    first = 0
    for j, start, at, n in pieces:
      parts.append(self.filled_up(self.embeddings(tokens[start:start + n], w, l), 0, multiple))
      places.append(torch.arange(at, at + parts[-1].size(0), device=tokens.device).clamp(None, at + n - 1))
      firsts.append(first)
      if at + n == counts[j]:
        lasts.append(first + n - 1)
      first += parts[-1].size(0)
    positions = torch.cat(places)
    x = self.embedded(torch.cat(parts), positions, w)
    turns = self.turns(positions, x.dtype)
    rows = torch.tensor(lasts, dtype=4, device=tokens.device)
    for block in range(${layers}):
      x = self.arrived(x, block, w)
      mine = self.carried(block, w, x)
      qkv = self.before_(x, self.moved(turns, x), block, mine, l)
      given = annotate(List[Tensor], [])
      before = shared[block].size(2)
      i = 0
      for j, start, at, n in pieces:
        given.append(self.with_virtual(qkv[firsts[i]:firsts[i] + n], at, block, l))
        cache = own[block][j * ${keyHeads}:(j + 1) * ${keyHeads}]
        cache[:, 0, at - before:at - before + n] = self.keys(given[i], ${keysAt})
        cache[:, 1, at - before:at - before + n] = self.keys(given[i], ${valuesAt})
        i += 1
      if block < ${layers} - 1 or len(lasts) > 0:
        attended = annotate(List[Tensor], [])
        i = 0
        for j, start, at, n in pieces:
          q = self.queries(given[i]).to(own[block].dtype)
          cache = own[block][j * ${keyHeads}:(j + 1) * ${keyHeads}, :, 0:at - before + n]
          if before > 0:
            cache = torch.cat([shared[block], cache], 2)
          k = self.for_group(cache[:, 0])
          v = self.for_group(cache[:, 1])
          if at == 0 and not ${alibi}:
            y = torch.scaled_dot_product_attention(q, k, v, None, 0., True)
          else:
            y = torch.scaled_dot_product_attention(q, k, v, self.causal(at, n, q))
          y = y.permute([2, 0, 1, 3]).reshape([n, ${queryColumns}]).to(x.dtype)
          attended.append(self.filled_up(y, 0, multiple))
          i += 1
        y = torch.cat(attended)
        if block == ${layers} - 1:
          y = self.filled_up(y.index_select(0, rows.to(x.device)), 0, multiple)
          x = self.filled_up(x.index_select(0, rows.to(x.device)), 0, multiple)
        x = self.after_(y, x, block, mine, l)
    return x[0:len(lasts)].to(tokens.device)

  def row_multiple(self, largest):
    # The smallest power of two up to `largest` such that products with 1, 2, 3 and 5 times as many rows
    # give each row the same bits; 0 if there is none. MKL: 4 on AVX2, as 1 to 3 rows have kernels of
    # their own; 2 on AVX-512 with bfloat16. Sixteen rows, as another order of the terms often rounds alike.
    torch.set_grad_enabled(False)
    w = self.weights
    most = 5 * int(largest)
    whole = [w[2][0:8192].t()]
    few = [self.in_panels(w[2][0:8192]).transpose(-2, -1)]
    for layer in range(${linears}):
      weight = self.factor(self.matrix(w, self.weight_of(0, layer), w[0].dtype))[:, 0:8192]
      whole.append(weight)
      few.append(weight if ${inputsFirst} else self.in_panels(weight.t()).transpose(-2, -1))
    found = 0
    multiple = 1
    while found == 0 and multiple <= int(largest):
      same = True
      for i in range(len(whole)):
        factor = whole[i]
        x = torch.arange(most * factor.size(0), dtype=6, device=factor.device).sin().to(factor.dtype).view([most, -1])
        all = self.product(x, factor)
        low_rank = self.product(x, factor[:, 0:8])
        for times in [1, 2, 3, 5]:
          count = times * multiple
          for a in range(0, max(16 - count, 0) + 1, count):
            rows = x[a:a + count]
            same = same and torch.equal(self.product(rows, few[i] if count <= ${fewRows} else factor), all[a:a + count])
            same = same and torch.equal(self.product(rows, factor[:, 0:8]), low_rank[a:a + count])
      if same:
        found = multiple
      multiple = 2 * multiple
    # and how many rows prompts may be read in at a time: one piece, where more rows give other bits
    rows = ${fillRows}
    for factor in whole:
      x = torch.arange(rows * factor.size(0), dtype=6, device=factor.device).sin().to(factor.dtype).view([rows, -1])
      for part in [factor, factor[:, 0:8]]:
        if not torch.equal(self.product(x, part)[0:most], self.product(x[0:most], part)):
          rows = ${cacheBlock}
          break
      if rows == ${cacheBlock}:
        break
    return torch.tensor([found, rows], dtype=4)

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

  def attend_together(self, q, cache, hidden: Optional[Tensor], multiple: int):
    # q (rows, key heads, group, headSize) of several tokens on one cache (key heads, 2, positions, headSize), all
    # queries of a key head in one product; hidden: added to the scores, (key heads, blocks, rows * group, filled
    # up, ${cacheBlock}). Results by block and the logarithms of their sums: (rows, key heads, blocks, group, ...).
    rows = q.size(0)
    blocks = cache.size(2) // ${cacheBlock}
    all_q = self.filled_up(q.transpose(0, 1).reshape([${keyHeads}, rows * ${group}, ${headSize}]), 1, multiple).unsqueeze(1)
    all_q = all_q.expand([${keyHeads}, blocks, all_q.size(2), ${headSize}])
    shape = [${keyHeads}, blocks, ${cacheBlock}, ${headSize}]
    y, lse = self.block_attention(all_q, cache.select(1, 0).view(shape), cache.select(1, 1).view(shape), hidden)
    y = y[:, :, 0:rows * ${group}].to(6).reshape([${keyHeads}, blocks, rows, ${group}, ${headSize}]).permute([2, 0, 1, 3, 4])
    lse = lse[:, :, 0:rows * ${group}].reshape([${keyHeads}, blocks, rows, ${group}]).permute([2, 0, 1, 3])
    return y, lse

  def by_query(self, added, multiple: int):
    # what is added to scores, (rows, key heads, positions), as `attend_together` wants it
    rows = added.size(0)
    blocks = added.size(2) // ${cacheBlock}
    all = added.reshape([rows, ${keyHeads}, blocks, 1, ${cacheBlock}]).permute([1, 2, 0, 3, 4]).expand([${keyHeads}, blocks, rows, ${group}, ${cacheBlock}])
    return self.filled_up(all.reshape([${keyHeads}, blocks, rows * ${group}, ${cacheBlock}]), 2, multiple)

  def attend_cached(self, q, shared, own, hidden, near, multiple: int):
    # q (rows, key heads, group, headSize), one new token of each prompt, or of one prompt several; shared (key
    # heads, 2, positions, headSize); own (prompts * key heads, 2, positions, headSize); hidden, near: added to the
    # scores of own and of shared keys. (rows, queryColumns)
    rows = q.size(0)
    blocks = own.size(2) // ${cacheBlock}
    before = shared.size(2) // ${cacheBlock}
    if own.size(0) == rows * ${keyHeads}:
      own_q = self.filled_up(q, 2, multiple)
      own_q = own_q.reshape([rows * ${keyHeads}, 1, own_q.size(2), ${headSize}]).expand([rows * ${keyHeads}, blocks, own_q.size(2), ${headSize}])
      shape = [rows * ${keyHeads}, blocks, ${cacheBlock}, ${headSize}]
      y, lse = self.block_attention(own_q, own.select(1, 0).view(shape), own.select(1, 1).view(shape), hidden)
      y = y[:, :, 0:${group}].to(6).view([rows, ${keyHeads}, blocks, ${group}, ${headSize}])
      lse = lse[:, :, 0:${group}].view([rows, ${keyHeads}, blocks, ${group}])
    else:
      y, lse = self.attend_together(q, own, hidden, multiple)
    if before > 0:
      distances = annotate(Optional[Tensor], None)
      if ${alibi}:
        distances = near
      ys, ls = self.attend_together(q, shared, distances, multiple)
      y = torch.cat([ys, y], 2)
      lse = torch.cat([ls, lse], 2)
    if y.size(2) > 1:
      part = (lse - lse.amax([2], True)).to(7).exp_().to(6) # float64: see `turns`
      y = (y * part.unsqueeze(-1)).sum([2]).div_(part.sum([2]).unsqueeze(-1))
    return y.reshape([rows, ${queryColumns}])

  def with_token(self, token, recent, finished, stops):
    # each row's last tokens with a new one, and whether they end with a stop now or did before
    recent = torch.cat([recent[:, 1:], token.unsqueeze(1)], 1)
    return recent, finished | ((recent.unsqueeze(1) == stops) | (stops < 0)).all(2).any(1)

  def note(self, history: List[int], following: Dict[int, int], token: int):
    # Remembers a token of a prompt: `following` has where each pair of tokens was last followed, and by what place.
    n = len(history)
    if n >= 2:
      following[history[n - 2] * ${vocabulary} + history[n - 1]] = n
    history.append(token)

  def guesses(self, history: List[int], following: Dict[int, int], most: int):
    # what came after the last two tokens when they stood together before, `most` tokens at most
    found = annotate(List[int], [])
    n = len(history)
    if n >= 2:
      pair = history[n - 2] * ${vocabulary} + history[n - 1]
      if pair in following:
        at = following[pair]
        while len(found) < most and at < n:
          found.append(history[at])
          at += 1
    return found

  def next_logits(self, x, w: List[Tensor], multiple: int):
    # (B, vocabulary)
    B = x.size(0)
    return self.product(self.last(self.filled_up(x, 0, multiple), w), w[2].transpose(-2, -1))[0:B]

  def chosen(self, logits, seen, draws, temperature: float, top_k: int, top_p: float, penalty: float):
    # The next token of each row. seen: (B, vocabulary), true where a token has occurred; draws: (B), numbers in
    # [0, 1) that decide. In the order of transformers: repetition penalty (Keskar et al. 2019), temperature,
    # top-k, top-p (Holtzman et al. 2020); then the inverse of the distribution function, tokens sorted by their
    # probability. Temperature 0 takes the likeliest. Row by row in float64: no row depends on another.
    if penalty != 1.:
      logits = torch.where(seen, torch.where(logits < 0, logits * penalty, logits / penalty), logits)
    if temperature == 0.:
      return torch.argmax(logits.to(self.wide(logits.dtype)), -1) # in bfloat16 it takes five times as long
    scores, order = torch.sort(logits.to(7) / temperature, stable=True, dim=-1, descending=True)
    if top_k > 0 and top_k < scores.size(1):
      scores = scores.masked_fill(scores < scores[:, top_k - 1:top_k], -float("inf"))
    p = torch.softmax(scores, -1)
    below = torch.cumsum(p, -1)
    if top_p < 1.:
      p = p.masked_fill((below - p) >= top_p, 0.)
      below = torch.cumsum(p, -1)
    wanted = draws.unsqueeze(1) * below[:, -1:]
    place = (below <= wanted).sum(1, True).clamp(0, scores.size(1) - 1)
    return order.gather(1, place).squeeze(1)

  def generate(self, prompts, lengths, beginning, new_tokens, multiple, fill_rows, stops, options, draws, scales, places, t: List[Tensor]):
    torch.set_grad_enabled(False)
    at = self.integers(places)
    w = self.in_dtype(self.placed_weights(at, t))
    l = self.placed(scales, at, t, annotate(List[int], []), t)
    return self.continued(prompts, lengths, int(beginning), int(new_tokens), int(multiple), int(fill_rows), stops, options, draws, w, l)

  def continued(self, prompts, lengths, beginning: int, new_tokens: int, multiple: int, fill_rows: int, stops, options, draws, w: List[Tensor], l: List[Tensor]):
    # prompts: all tokens one after the other; beginning: how many the prompts share, a multiple of ${cacheBlock}.
    # stops: (sequences, longest), -1 in front of shorter ones. options: temperature, top-k (0: all), top-p,
    # repetition penalty. draws: (prompts, new_tokens), or empty where the likeliest is taken. Gives (prompts,
    # new_tokens), -1 where none was made; behind a stop stands what happened to be computed.
    counts = self.integers(lengths)
    d = self.widened(w[1] if w[1].numel() > 0 else w[0]).dtype # of the caches
    device = prompts.device
    temperature = float(options[0])
    top_k = int(options[1])
    top_p = float(options[2])
    penalty = float(options[3])
    shared = annotate(List[Tensor], []) # (key heads, keys and values, positions, headSize)
    nothing = annotate(List[Tensor], [])
    own = annotate(List[Tensor], []) # (B * key heads, keys and values, positions, headSize)
    few = w[:]
    few[2] = self.in_panels(w[2])
    for block in range(${layers}):
      for layer in range(${linears}):
        at = self.weight_of(block, layer)
        few[at] = w[at] if ${inputsFirst} else self.in_panels(w[at])
    B = len(counts)
    room = (max(counts) - beginning) // ${cacheBlock} * ${cacheBlock} + ${cacheBlock}
    for block in range(${layers}):
      at_home = w[self.weight_of(block, 0)].device if ${spread} else device
      shared.append(torch.zeros([${keyHeads}, 2, beginning, ${headSize}], dtype=d, device=at_home))
      nothing.append(shared[block][:, :, 0:0])
      own.append(torch.zeros([B * ${keyHeads}, 2, room, ${headSize}], dtype=d, device=at_home))
    if beginning > 0:
      for group in self.pieces([0], [beginning], 0, fill_rows):
        self.fill(prompts, group, [beginning + 1], multiple, w, l, nothing, shared)
    starts = annotate(List[int], [])
    seen = torch.zeros([B if penalty != 1. else 0, w[2].size(0)], dtype=11, device=device)
    first = 0
    for j in range(B):
      starts.append(first)
      if penalty != 1.:
        tokens = prompts[first:first + counts[j]]
        seen[j].index_fill_(0, tokens[tokens >= 0], True)
      first += counts[j]
    ends = annotate(List[Tensor], [])
    for group in self.pieces(starts, counts, beginning, fill_rows):
      ends.append(self.fill(prompts, group, counts, multiple, w, l, shared, own))
    draw = draws[:, 0] if draws.numel() > 0 else draws
    token = self.chosen(self.next_logits(torch.cat(ends), few if B <= ${fewRows} else w, multiple), seen, draw, temperature, top_k, top_p, penalty)

    made = torch.full([B * new_tokens], -1, dtype=4, device=device)
    prompt = torch.arange(B, device=device) # the number of each row's prompt
    filled = lengths.to(device, 4) - beginning # positions in each row's own cache
    recent = torch.full([B, stops.size(1)], -2, dtype=4, device=device)
    finished = torch.zeros([B], dtype=11, device=device)
    history = annotate(List[int], [])
    following = annotate(Dict[int, int], {})
    step = 0
    more = True
    while more:
      made.index_copy_(0, prompt * new_tokens + step, token)
      recent, finished = self.with_token(token, recent, finished, stops)
      left = B - int(finished.sum())
      more = step < new_tokens - 1 and left > 0
      if more:
        if penalty != 1.:
          seen.scatter_(1, token.unsqueeze(1), True)
        if left * 2 <= B:
          rows = (~finished).nonzero().squeeze(1)
          heads = (rows.unsqueeze(1) * ${keyHeads} + torch.arange(${keyHeads}, device=device)).flatten()
          for block in range(${layers}):
            own[block] = own[block].index_select(0, heads.to(own[block].device))
          B = left
          prompt, filled, token = prompt[rows], filled[rows], token[rows]
          recent, finished = recent[rows], finished[rows]
          if penalty != 1.:
            seen = seen[rows]
        # One prompt alone: the next tokens are guessed, and checked in the same pass.
        guessed = annotate(List[int], [])
        if B == 1 and penalty == 1.:
          p = int(prompt[0])
          if len(history) == 0:
            for t in self.integers(prompts[starts[p]:starts[p] + counts[p]]):
              self.note(history, following, t)
            for t in self.integers(made[p * new_tokens:p * new_tokens + step]):
              self.note(history, following, t)
          self.note(history, following, int(token[0]))
          guessed = self.guesses(history, following, min(${guessedTokens}, new_tokens - 2 - step))
        rows = B + len(guessed)
        at = filled
        tokens = token
        if len(guessed) > 0:
          at = filled + torch.arange(rows, device=device)
          tokens = torch.cat([token, torch.tensor(guessed, dtype=4, device=device)])
        room = own[0].size(2)
        if int(at.max()) >= room:
          for block in range(${layers}):
            wider = torch.zeros([B * ${keyHeads}, 2, ${cacheBlock}, ${headSize}], dtype=d, device=own[block].device)
            own[block] = torch.cat([own[block], wider], 2)
          room += ${cacheBlock}
        # the new tokens' keys and values, (rows, 2, key heads), as rows of the caches
        heads = torch.arange(B * ${keyHeads}, device=device).view([B, 1, ${keyHeads}]) * 2 + torch.arange(2, device=device).view([1, 2, 1])
        places = (heads * room + at.view([rows, 1, 1])).flatten()
        own_keys = torch.arange(room, device=device)
        later = own_keys > at.unsqueeze(1)
        hidden = torch.zeros([rows, room], dtype=d, device=device).masked_fill_(later, self.hiding(d)).unsqueeze(1).expand([rows, ${keyHeads}, room])
        near = hidden
        if ${alibi}:
          slopes = self.tables[0].view([1, -1, 1])
          hidden = hidden + (slopes * (own_keys - at.unsqueeze(1)).unsqueeze(1)).to(d)
          shared_keys = torch.arange(beginning, device=device)
          near = self.by_query((slopes * (shared_keys - (at + beginning).unsqueeze(1)).unsqueeze(1)).to(d), multiple)
        if len(guessed) > 0:
          hidden = self.by_query(hidden, multiple)
        else:
          hidden = hidden.reshape([B * ${keyHeads}, room // ${cacheBlock}, 1, ${cacheBlock}])
        positions = self.filled_up(at + beginning, 0, multiple)
        x = self.embedded(torch.embedding(w[0], self.filled_up(tokens, 0, multiple)), positions, w)
        turns = self.turns(positions, x.dtype)
        narrow = few if x.size(0) <= ${fewRows} else w
        for block in range(${layers}):
          if ${spread}:
            x = self.arrived(x, block, w)
            places, hidden, near = places.to(x.device), hidden.to(x.device), near.to(x.device)
          mine = self.carried(block, narrow, x)
          qkv = self.before_(x, self.moved(turns, x), block, mine, l)[0:rows]
          own[block].view([-1, ${headSize}]).index_copy_(0, places, qkv[:, ${keysAt}:].reshape([-1, ${headSize}]).to(d))
          q = qkv[:, 0:${queryColumns}].view([rows, ${keyHeads}, ${group}, ${headSize}]).to(d)
          y = self.attend_cached(q, shared[block], own[block], hidden, near, multiple)
          x = self.after_(self.filled_up(y.to(x.dtype), 0, multiple), x, block, mine, l)
        x = x.to(device)
        draw = draws
        if draws.numel() > 0:
          draw = draws[:, step + 1:step + 2 + len(guessed)].index_select(0, prompt).flatten()
        token = self.chosen(self.next_logits(x[0:rows], narrow, multiple), seen, draw, temperature, top_k, top_p, penalty)
        step += 1
        filled = filled + 1
        if len(guessed) > 0:
          # each guess that was right is a token, and what follows it stands
          right = 0
          while right < len(guessed) and int(token[right]) == guessed[right]:
            self.note(history, following, guessed[right])
            right += 1
          for i in range(right):
            made.index_copy_(0, prompt * new_tokens + step, token[i:i + 1])
            recent, finished = self.with_token(token[i:i + 1], recent, finished, stops)
            step += 1
          filled = filled + right
          token = token[right:right + 1]
    return made
