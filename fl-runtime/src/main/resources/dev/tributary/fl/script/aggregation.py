# What a server does with low-rank updates B A, in factored form: no matrix of a layer's full size.
# TorchScript, compiled by libtorch; all float64.
class Model(Module):
  __parameters__ = []
  __buffers__ = []
  training : bool

  def truncated(self, rank, bs: List[Tensor], as_: List[Tensor]):
    # Nearest update of at most that rank: of B = Qb Rb and A^T = Qa Ra the SVD of Rb Ra^T is that of B A.
    torch.set_grad_enabled(False)
    b = bs[0]
    a = as_[0]
    qb, tb = torch.geqrf(b)
    qa, ta = torch.geqrf(a.t())
    rows = min(b.size(0), b.size(1))
    columns = min(a.size(1), a.size(0))
    small = torch.matmul(torch.triu(qb.narrow(0, 0, rows)), torch.triu(qa.narrow(0, 0, columns)).t())
    u, s, v = torch.linalg_svd(small, False)
    r = min(int(rank), s.size(0))
    root = s.narrow(0, 0, r).sqrt()
    left = torch.zeros([b.size(0), r], dtype=7)
    left.narrow(0, 0, rows).copy_(torch.mul(u.narrow(1, 0, r), root))
    right = torch.zeros([a.size(1), r], dtype=7)
    right.narrow(0, 0, columns).copy_(torch.mul(v.narrow(0, 0, r).t(), root))
    nearest_b = torch.ormqr(qb.narrow(1, 0, rows), tb, left)
    nearest_a = torch.ormqr(qa.narrow(1, 0, columns), ta, right).t()
    return [nearest_b.contiguous(), nearest_a.contiguous(), s]

  def products(self, count, owners: Tensor, bs: List[Tensor], as_: List[Tensor]):
    # <B_i A_i, B_j A_j> = tr((B_i^T B_j)(A_j A_i^T)) of all pairs; the columns of b say whose they are
    torch.set_grad_enabled(False)
    n = int(count)
    b = torch.cat(bs, 1)
    a = torch.cat(as_, 0)
    pairs = torch.mul(torch.matmul(b.t(), b), torch.matmul(a, a.t()))
    rows = torch.zeros([n, owners.size(0)], dtype=7).index_add_(0, owners, pairs)
    return torch.zeros([n, n], dtype=7).index_add_(1, owners, rows)

  def ridge(self, weight, ms: List[Tensor], gs: List[Tensor]):
    # m (g + weight I)^-1, g symmetric
    torch.set_grad_enabled(False)
    m = ms[0]
    g = gs[0]
    regular = torch.add(g, torch.mul(torch.eye(g.size(0), dtype=7), float(weight)))
    return torch.linalg_solve(regular, m.t()).t().contiguous()
