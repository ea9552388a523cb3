// Two spirals, wound into each other, and a small network that learns to tell them apart.
//
//   train_spiral [--epochs N] [--batch N] [--lr X] [--seed N] [--threads N] [--out FILE]
//
// The points are drawn by the program. It ends with the share of unseen points that are told apart, and a picture:
// what the network thinks of each place, the points, and how it learnt. The same seed gives the same picture,
// whatever the number of threads.
#include <weft/all.hpp>

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "svg.hpp"

namespace nn = weft::nn;
namespace optim = weft::optim;
using weft::all, weft::axis, weft::index_t, weft::range, weft::tensor;

struct network {
  nn::Linear first{2, 64}, second{64, 64}, third{64, 64}, last{64, 2};
  auto operator()(auto const& x) const { return last(gelu(third(gelu(second(gelu(first(x))))))); }
};

struct points {
  tensor<float, 2> x;  // (n, 2)
  tensor<int, 1> y;    // (n): 0 or 1
};

// n points in random order; those of a class lie along an arm of two and a half turns.
points draw_spirals(index_t n, float noise) {
  float const pi = 3.14159265f;
  auto const way = eval(sqrt(weft::random::uniform<float>({n}, 0.01f, 1)));
  tensor<int, 1> const arm = weft::random::randint<int>({n}, 0, 2);
  auto const angle = eval(way * (5 * pi) + cast<float>(arm) * pi);
  points p{weft::empty<float>({n, 2}), arm};
  p.x(all, 0) = way * cos(angle);
  p.x(all, 1) = way * sin(angle);
  p.x += weft::random::normal<float>({n, 2}, 0, noise);
  return p;
}

points pick(points const& from, tensor<int, 1> const& order, index_t first, index_t count) {
  points p{weft::empty<float>({count, 2}), weft::empty<int>({count})};
  float* const x = p.x.data();
  int* const y = p.y.data();
  for (index_t i = 0; i < count; ++i) {
    int const k = order(first + i);
    x[2 * i] = from.x(k, 0);
    x[2 * i + 1] = from.x(k, 1);
    y[i] = from.y(k);
  }
  return p;
}

float accuracy(network const& net, points const& p) {
  return mean(cast<float>(argmax(eval(net(p.x)), axis<-1>) == p.y));
}

struct settings {
  int epochs = 100;
  int batch = 64;
  double lr = 3e-3;
  long seed = 7;
  int threads = 0;
  std::string out = "spiral.svg";
};

[[noreturn]] void usage(int code) {
  std::fprintf(code ? stderr : stdout,
               "train_spiral [--epochs N] [--batch N] [--lr X] [--seed N] [--threads N] [--out FILE]\n");
  std::exit(code);
}

settings read_settings(int argc, char** argv) {
  settings s;
  for (int i = 1; i < argc; ++i) {
    std::string const name = argv[i];
    if (name == "--help" || name == "-h") usage(0);
    if (i + 1 == argc) usage(2);
    char* end = argv[++i];
    char const* const text = argv[i];
    if (name == "--out") {
      s.out = text;
      continue;
    }
    double const value = std::strtod(text, &end);
    bool good = end != text && *end == '\0';
    auto const whole = [&](auto& to, double least) {
      good = good && value >= least && value <= 1e9 && value == std::floor(value);
      if (good) to = static_cast<std::remove_reference_t<decltype(to)>>(value);
    };
    if (name == "--epochs") {
      whole(s.epochs, 1);
    } else if (name == "--batch") {
      whole(s.batch, 1);
    } else if (name == "--seed") {
      whole(s.seed, 0);
    } else if (name == "--threads") {
      whole(s.threads, 0);
    } else if (name == "--lr") {
      good = good && value > 0 && value < 1e3;
      s.lr = value;
    } else {
      good = false;
    }
    if (!good) usage(2);
  }
  return s;
}

struct history {
  std::vector<float> loss, seen, unseen;  // one an epoch
};

// A line that is written over on a terminal; elsewhere some plain lines.
struct progress {
  bool terminal = isatty(1) != 0;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
  void show(int done, int total, history const& h) const {
    if (!terminal && done % ((total + 9) / 10) != 0 && done != total) return;
    double const left = seconds() / done * (total - done);
    if (terminal) {
      int const width = 28, filled = width * done / total;
      std::string bar;
      for (int i = 0; i < width; ++i) bar += i < filled ? "\u2588" : "\u2591";
      std::printf("\r%s ", bar.c_str());
    }
    std::printf("epoch %*d/%d  loss %.4f  accuracy %5.1f %%  %4.1f s left", terminal ? 3 : 4, done, total,
                static_cast<double>(h.loss.back()), 100.0 * static_cast<double>(h.unseen.back()), left);
    std::printf("%s", terminal ? (done == total ? "\033[K\n" : "\033[K") : "\n");
    std::fflush(stdout);
  }
};

history train(network& net, points const& seen, points const& unseen, settings const& s) {
  history h;
  progress const p;
  optim::adamw optimizer{{.learning_rate = s.lr, .weight_decay = 1e-3, .bias_correction = true}};
  auto const step = weft::value_and_grad([](auto const& model, auto const& x, auto const& y) {
    return nn::losses::cross_entropy(model(x), y, nn::reduction::mean);
  });
  index_t const n = seen.y.size();
  for (int epoch = 0; epoch < s.epochs; ++epoch) {
    optimizer.options.learning_rate = s.lr * 0.5 * (1 + std::cos(3.14159265 * epoch / s.epochs));
    auto const order = weft::random::permutation(static_cast<int>(n));
    double total = 0;
    for (index_t first = 0; first < n; first += s.batch) {
      index_t const count = n - first < s.batch ? n - first : s.batch;
      auto const batch = pick(seen, order, first, count);
      auto const [loss, gradient] = step(net, batch.x, batch.y);
      optimizer.update(net, gradient);
      total += static_cast<double>(float(loss)) * static_cast<double>(count);
    }
    h.loss.push_back(static_cast<float>(total / static_cast<double>(n)));
    h.seen.push_back(accuracy(net, seen));
    h.unseen.push_back(accuracy(net, unseen));
    p.show(epoch + 1, s.epochs, h);
  }
  return h;
}

// -- the picture -------------------------------------------------------------------------------------------------

constexpr rgb colours[2] = {{37, 99, 176}, {226, 108, 42}};
constexpr float reach = 1.15f;  // the plane is drawn from -reach to reach

void draw_plane(svg& page, network const& net, points const& unseen, double left, double top, double size) {
  int const cells = 180;
  auto const side = weft::linspace<float>(-reach + reach / cells, reach - reach / cells, cells);
  auto grid = weft::empty<float>({cells, cells, 2});
  grid(all, all, 0) = broadcast_to(side, {cells, cells});
  grid(all, all, 1) = broadcast_to(-side(all, weft::newaxis), {cells, cells});
  tensor<float, 2> const p = softmax(eval(net(reshape(grid, {-1, 2}))));

  page.open_clipped(left, top, size, size);
  page.open_sharp();
  double const cell = size / cells;
  for (int row = 0; row < cells; ++row) {
    for (int column = 0, from = 0; column < cells; column = from) {
      auto const shade = [&](int i) { return static_cast<int>(p(row * cells + i, 1) * 24 + 0.5f); };
      int const here = shade(column);
      while (from < cells && shade(from) == here) ++from;
      double const t = here / 24.0;
      rgb const paper{250, 249, 246};
      rgb const colour = blend(paper, colours[here > 12], std::fabs(t - 0.5));
      page.rect(left + column * cell, top + row * cell, (from - column) * cell, cell, hex(colour));
    }
  }
  page.close();
  for (index_t i = 0; i < unseen.y.size(); ++i) {
    auto const at = [size](float v) { return static_cast<double>((v / reach + 1) / 2) * size; };
    rgb const colour = colours[unseen.y(i)];
    page.circle(left + at(unseen.x(i, 0)), top + at(-unseen.x(i, 1)), 2.6, hex(colour),
                hex(blend(colour, {255, 255, 255}, 0.75)));
  }
  page.close();
}

void draw_axes(svg& page, double left, double top, double width, double height, double least, double most,
               char const* unit, int marks) {
  for (int i = 0; i <= marks; ++i) {
    double const y = top + height - height * i / marks;
    page.line(left, y, left + width, y, i ? "#e4e2dc" : "#9a978f");
    char text[32];
    std::snprintf(text, sizeof text, "%g%s", least + (most - least) * i / marks, unit);
    page.text(left - 9, y + 4, text, "end", 12, "#77746c");
  }
}

void draw_curve(svg& page, std::vector<float> const& values, double least, double most, rgb colour, double left,
                double top, double width, double height) {
  std::vector<std::pair<double, double>> line;
  auto const n = static_cast<double>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    double const x = n > 1 ? static_cast<double>(i) / (n - 1) : 1;
    double const y = (static_cast<double>(values[i]) - least) / (most - least);
    line.emplace_back(left + width * x, top + height * (1 - (y < 0 ? 0 : y < 1 ? y : 1)));
  }
  page.polyline(line, hex(colour), 2.4);
}

void draw(std::string const& path, network const& net, points const& unseen, history const& h) {
  svg page(1040, 600);
  rgb const orange = colours[1], blue = colours[0], grey{150, 147, 139};
  page.rect(0, 0, 1040, 600, "#ffffff");
  char text[160];
  page.text(40, 44, "Two spirals", "start", 22, "#222", true);
  std::snprintf(text, sizeof text, "%lld parameters, %zu epochs: %.1f %% of %lld unseen points are told apart",
                static_cast<long long>(nn::parameter_count(net)), h.loss.size(),
                100.0 * static_cast<double>(h.unseen.back()), static_cast<long long>(unseen.y.size()));
  page.text(40, 68, text, "start", 14, "#66635c");
  draw_plane(page, net, unseen, 40, 92, 468);

  double const left = 592, width = 408;
  page.text(left, 104, "Loss", "start", 15, "#222", true);
  draw_axes(page, left, 120, width, 180, 0, 0.8, "", 4);
  draw_curve(page, h.loss, 0, 0.8, orange, left, 120, width, 180);

  page.text(left, 344, "Accuracy", "start", 15, "#222", true);
  draw_axes(page, left, 360, width, 180, 40, 100, " %", 3);
  draw_curve(page, h.seen, 0.4, 1, grey, left, 360, width, 180);
  draw_curve(page, h.unseen, 0.4, 1, blue, left, 360, width, 180);
  page.text(left + width, 344, "unseen", "end", 13, hex(blue).c_str());
  page.text(left + width - 54, 344, "trained on", "end", 13, hex(grey).c_str());
  page.text(left, 560, "1", "middle", 12, "#77746c");
  page.text(left + width, 560, std::to_string(h.loss.size()), "middle", 12, "#77746c");
  page.text(left + width / 2, 560, "epoch", "middle", 13, "#66635c");
  page.save(path);
}

void run(settings const& s) {
  if (s.threads > 0) weft::set_num_threads(s.threads);
  weft::random::seed(static_cast<std::uint64_t>(s.seed));
  points const seen = draw_spirals(4000, 0.03f), unseen = draw_spirals(1000, 0.03f);
  network net;
  std::printf("%s", nn::summary(net).text.c_str());

  progress const watch;
  history const h = train(net, seen, unseen, s);
  std::printf("trained in %.1f s\nvalidation accuracy: %.1f %%\n", watch.seconds(),
              100.0 * static_cast<double>(h.unseen.back()));
  draw(s.out, net, unseen, h);
  std::printf("the picture is in %s\n", s.out.c_str());
}

int main(int argc, char** argv) {
  settings const s = read_settings(argc, argv);
  try {
    run(s);
  } catch (weft::error const& e) {
    std::fprintf(stderr, "train_spiral: %s\n", e.what());
    return 1;
  }
}
