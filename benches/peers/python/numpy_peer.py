"""The layer classes of 'Deep Learning from Scratch' (Saitoh, 2016), chapter 5, in NumPy. Workloads A, B, D and E.

Variants of A and D: `book`, as the book has it: the derivative by the images is computed too, labels are one-hot and
an update makes new arrays before it is subtracted; `lean`, without any of these."""

import common
import numpy as np


class Affine:
    def __init__(self, weights, bias, passes_back=True):
        self.weights, self.bias, self.passes_back = weights, bias, passes_back

    def forward(self, x):
        self.x = x
        return np.dot(x, self.weights) + self.bias

    def backward(self, dy):
        self.d_weights = np.dot(self.x.T, dy)
        self.d_bias = np.sum(dy, axis=0)
        return np.dot(dy, self.weights.T) if self.passes_back else None


class Relu:
    def forward(self, x):
        self.mask = x <= 0
        y = x.copy()
        y[self.mask] = 0
        return y

    def backward(self, dy):
        dy[self.mask] = 0
        return dy


class SoftmaxWithLoss:
    """Targets are rows of probabilities or labels."""

    def forward(self, x, t):
        e = np.exp(x - np.max(x, axis=1, keepdims=True))
        self.y, self.t = e / np.sum(e, axis=1, keepdims=True), t
        labels = t.argmax(axis=1) if t.ndim == 2 else t
        return -np.sum(np.log(self.y[np.arange(len(x)), labels] + 1e-7)) / len(x)

    def backward(self):
        n = len(self.y)
        if self.t.ndim == 2:
            return (self.y - self.t) / n
        dx = self.y.copy()
        dx[np.arange(n), self.t] -= 1
        dx /= n
        return dx


class Network:
    def __init__(self, parameters, lean=False):
        self.affine = [Affine(*p, passes_back=k > 0 or not lean) for k, p in enumerate(parameters)]
        self.layers = [self.affine[0]]
        for affine in self.affine[1:]:
            self.layers += [Relu(), affine]
        self.last = SoftmaxWithLoss()

    def loss(self, x, t):
        for layer in self.layers:
            x = layer.forward(x)
        return self.last.forward(x, t)

    def backward(self):
        dy = self.last.backward()
        for layer in reversed(self.layers):
            dy = layer.backward(dy)


def network(asked, training):
    dtype = common.precision(asked)
    parameters = [(w.astype(dtype), b.astype(dtype)) for w, b in training.layers()]
    return Network(parameters, lean=asked.variant == "lean")


def train(asked):
    training = common.Training(asked)
    dtype, net, lean = common.precision(asked), network(asked, training), asked.variant == "lean"
    images, labels = common.images()
    images = common.pixels(images, dtype)
    targets = labels if lean else common.one_hot(labels, dtype)
    rate = dtype(common.RATE)

    def step(rows):
        loss = net.loss(images[rows], targets[rows])
        net.backward()
        for layer in net.affine:
            if lean:
                layer.d_weights *= rate
                layer.d_bias *= rate
                layer.weights -= layer.d_weights
                layer.bias -= layer.d_bias
            else:
                layer.weights -= rate * layer.d_weights
                layer.bias -= rate * layer.d_bias
        return loss

    rng = np.random.default_rng(1)
    training.run(step, lambda n: rng.choice(60_000, n))


def check(asked):
    """The book's `numerical_gradient`, for every parameter."""
    net = network(asked, common.Training(asked))
    images, labels = common.images()
    x, t = common.pixels(images[:3], np.float64), common.one_hot(labels[:3], np.float64)
    loss = net.loss(x, t)
    net.backward()
    gradients = [g.copy() for layer in net.affine for g in (layer.d_weights, layer.d_bias)]
    parameters = [p for layer in net.affine for p in (layer.weights, layer.bias)]
    h = 1e-4

    def differences(parameter):
        numeric = np.zeros_like(parameter)
        places = np.nditer(parameter, flags=["multi_index"], op_flags=["readwrite"])
        while not places.finished:
            place = places.multi_index
            value = parameter[place]
            parameter[place] = value + h
            above = net.loss(x, t)
            parameter[place] = value - h
            below = net.loss(x, t)
            numeric[place] = (above - below) / (2 * h)
            parameter[place] = value
            places.iternext()
        return numeric

    began = common.now()
    errors = [np.abs(differences(p) - g) for p, g in zip(parameters, gradients)]
    seconds = common.now() - began
    # The loss has a 1e-7 in it that the derivative has not.
    passed = all(error.max() < 1e-6 for error in errors)
    common.report(asked, seconds, loss=loss, difference=errors[-1].mean(), passed=passed)


class Multiply:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dz):
        return dz * self.y, dz * self.x


class Add:
    def forward(self, x, y):
        return x + y

    def backward(self, dz):
        return dz, dz


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y * self.y)


def chain(asked):
    start, a, b = common.chain_operands(common.precision(asked))

    def step():
        x, links = start, []
        for _ in range(common.LINKS):
            multiply, add, tanh = Multiply(), Add(), Tanh()
            x = tanh.forward(add.forward(multiply.forward(x, a), b))
            links.append((multiply, add, tanh))
        dx, da, db = np.ones_like(x), np.zeros_like(a), np.zeros_like(b)
        for multiply, add, tanh in reversed(links):
            dx, d_shift = add.backward(tanh.backward(dx))
            dx, d_scale = multiply.backward(dx)
            da += d_scale
            db += d_shift
        step.computed = {"loss": x.sum(), "da": da.sum(), "db": db.sum()}

    seconds = common.measure(asked, step)
    common.report(asked, seconds, **step.computed)


if __name__ == "__main__":
    asked = common.arguments()
    if asked.workload in "AD" and asked.variant in ("book", "lean"):
        train(asked)
    elif asked.workload == "B":
        check(asked)
    elif asked.workload == "E":
        chain(asked)
    else:
        common.refuse(asked)
