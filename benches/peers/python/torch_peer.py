"""PyTorch on the CPU. Workloads A, B, D, E, F, H and I.

Variants of A and D: `eager`, with `torch.optim.SGD`; `manual`, gradient and update by hand; `compile`, as `eager` and
compiled. Of B: `book`, central differences of every parameter; `gradcheck`, PyTorch's own, in its fast mode. Of E,
F and H: `eager`, `compile`; of I: `eager`, with PyTorch's own LSTM, which its compiler leaves as it is."""

import common
import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "f64": torch.float64}


def leaf(asked, array):
    return torch.tensor(array, dtype=DTYPES[asked.dtype], requires_grad=True)


def parameters(asked, training):
    """Weights and biases in turn."""
    return [leaf(asked, array) for layer in training.layers() for array in layer]


def loss_of(parameters, x, t):
    *hidden, last = zip(parameters[0::2], parameters[1::2])
    for weights, bias in hidden:
        x = F.relu(torch.addmm(bias, x, weights))
    weights, bias = last
    return F.cross_entropy(torch.addmm(bias, x, weights), t)


def train(asked):
    training = common.Training(asked)
    weights = parameters(asked, training)
    images, labels = common.images()
    x = torch.from_numpy(common.pixels(images, common.precision(asked)))
    t = torch.from_numpy(labels)
    sgd = torch.optim.SGD(weights, lr=common.RATE)
    loss_at, update = lambda x, t: loss_of(weights, x, t), sgd.step
    if asked.variant == "compile":
        loss_at, update = torch.compile(loss_at), torch.compile(update)

    def step(rows):
        sgd.zero_grad()
        loss = loss_at(x[rows], t[rows])
        loss.backward()
        update()
        return loss.item()

    def manual(rows):
        loss = loss_at(x[rows], t[rows])
        gradients = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for parameter, gradient in zip(weights, gradients):
                parameter.sub_(gradient, alpha=common.RATE)
        return loss.item()

    torch.manual_seed(1)
    training.run(manual if asked.variant == "manual" else step, lambda n: torch.randint(60_000, (n,)))


def check(asked):
    weights = parameters(asked, common.Training(asked))
    images, labels = common.images()
    x = torch.from_numpy(common.pixels(images[:3], common.precision(asked)))
    t = torch.from_numpy(labels[:3])
    loss = loss_of(weights, x, t)
    computed = {"loss": loss.item()}
    if asked.variant == "gradcheck":
        began = common.now()
        passed = torch.autograd.gradcheck(lambda *weights: loss_of(weights, x, t), weights, fast_mode=True)
    else:
        gradients = torch.autograd.grad(loss, weights)
        began = common.now()
        with torch.no_grad():
            numeric = [differences(weights, p, x, t) for p in weights]
        errors = [(n - g).abs() for n, g in zip(numeric, gradients)]
        computed["difference"] = errors[-1].mean()
        passed = all(error.max() < 1e-8 for error in errors)
    common.report(asked, common.now() - began, **computed, passed=passed)


def differences(weights, parameter, x, t):
    h = 1e-4
    numbers, numeric = parameter.view(-1), torch.empty(parameter.numel(), dtype=parameter.dtype)
    for i, value in enumerate(numbers.tolist()):
        numbers[i] = value + h
        above = loss_of(weights, x, t).item()
        numbers[i] = value - h
        below = loss_of(weights, x, t).item()
        numeric[i] = (above - below) / (2 * h)
        numbers[i] = value
    return numeric.view_as(parameter)


def chain(asked):
    leaves = [leaf(asked, array) for array in common.chain_operands(common.precision(asked))]

    def loss_at(x, a, b):
        for _ in range(common.LINKS):
            x = torch.tanh(x * a + b)
        return x.sum()

    if asked.variant == "compile":
        loss_at = torch.compile(loss_at)

    def step():
        loss = loss_at(*leaves)
        step.last = loss, *torch.autograd.grad(loss, leaves)

    seconds = common.measure(asked, step)
    loss, _, da, db = step.last
    common.report(asked, seconds, loss=loss.item(), da=da.sum(), db=db.sum())


def image_loss(p, x, t):
    x = F.max_pool2d(F.relu(F.conv2d(x, p[0], p[1])), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, p[2], p[3])), 2)
    return F.cross_entropy(torch.addmm(p[5], x.flatten(1), p[4]), t)


def images(asked):
    training = common.Training(asked)
    weights = [leaf(asked, array) for array in common.parameters(asked)]
    pixels, labels = common.images()
    x = torch.from_numpy(common.pixels(pixels, common.precision(asked))).view(-1, 1, 28, 28)
    t = torch.from_numpy(labels)
    sgd = torch.optim.SGD(weights, lr=common.RATE, fused=True)
    loss_at = torch.compile(image_loss) if asked.variant == "compile" else image_loss

    def step(rows):
        sgd.zero_grad()
        loss = loss_at(weights, x[rows], t[rows])
        loss.backward()
        sgd.step()
        return loss.item()

    torch.manual_seed(1)
    training.run(step, lambda n: torch.randint(60_000, (n,)))


def block_loss(p, x, t):
    n, tokens, width = x.shape
    y = F.linear(F.layer_norm(x, (width,), p[0], p[1]), p[2], p[3])
    q, k, v = (part.view(n, tokens, common.HEADS, -1).transpose(1, 2) for part in y.split(width, -1))
    mixed = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, tokens, width)
    x = x + F.linear(mixed, p[4], p[5])
    y = F.gelu(F.linear(F.layer_norm(x, (width,), p[6], p[7]), p[8].t(), p[9]))
    return F.mse_loss(x + F.linear(y, p[10].t(), p[11]), t)


def sequences(asked):
    weights = [leaf(asked, array) for array in common.parameters(asked)]
    x, t = (torch.tensor(array, dtype=DTYPES[asked.dtype]) for array in common.batch(asked))
    if asked.workload == "H":
        optimizer = torch.optim.AdamW(weights, lr=common.ADAMW_RATE, fused=True)
        block = torch.compile(block_loss) if asked.variant == "compile" else block_loss
        loss_at = lambda: block(weights, x, t)
    else:
        optimizer = torch.optim.SGD(weights, lr=common.LSTM_RATE, fused=True)
        zeros = torch.zeros(1, len(x), 128, dtype=x.dtype)

        def loss_at():
            y, *_ = torch.lstm(x, (zeros, zeros), weights, True, 1, 0.0, True, False, True)
            return F.mse_loss(y, t)

    def step():
        optimizer.zero_grad()
        loss = loss_at()
        loss.backward()
        optimizer.step()
        return loss.item()

    common.run(asked, step)


if __name__ == "__main__":
    asked = common.arguments()
    torch.set_num_threads(asked.threads)
    training, elementwise = (train, ["eager", "manual", "compile"]), (chain, ["eager", "compile"])
    jobs = {"A": training, "B": (check, ["book", "gradcheck"]), "D": training, "E": elementwise}
    jobs |= {"F": (images, ["eager", "compile"]), "H": (sequences, ["eager", "compile"]), "I": (sequences, ["eager"])}
    job, variants = jobs[asked.workload]
    job(asked) if asked.variant in variants else common.refuse(asked)
