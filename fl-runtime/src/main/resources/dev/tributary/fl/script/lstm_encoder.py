# P-tuning's bidirectional LSTM, over the virtual tokens as one sequence, with one hidden layer behind it.
class Model(Encoder):

  def output(self, t: List[Tensor]):
    gates = t[1:len(t) - 4]
    layers = len(gates) // 8
    hidden = gates[1].size(1)
    zero = torch.zeros([2 * layers, 1, hidden], dtype=t[0].dtype, device=t[0].device)
    # in training mode, without dropout: on CUDA nothing else has a backward pass
    x, h, c = torch.lstm(t[0].unsqueeze(0), [zero, zero], gates, True, layers, 0., True, True, True)
    x = torch.relu(self.linear(x.squeeze(0), t[len(t) - 4], t[len(t) - 3]))
    return self.linear(x, t[len(t) - 2], t[len(t) - 1])
