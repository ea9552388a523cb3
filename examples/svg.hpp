// A page of SVG: shapes and text in pixels, the origin at the top left.
//
//   svg page(960, 560);
//   page.rect(20, 20, 100, 50, "#eee");
//   page.text(70, 50, "hello", "middle");
//   page.save("hello.svg");
#pragma once
#include <weft/io/file.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

struct rgb {
  int r, g, b;
};

// `t` of the way from one colour to the other.
inline rgb blend(rgb from, rgb to, double t) {
  auto const mix = [t](int a, int b) { return static_cast<int>(a + (b - a) * t + 0.5); };
  return {mix(from.r, to.r), mix(from.g, to.g), mix(from.b, to.b)};
}
inline std::string hex(rgb c) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", static_cast<unsigned>(c.r & 255), static_cast<unsigned>(c.g & 255),
                static_cast<unsigned>(c.b & 255));
  return text;
}

class svg {
 public:
  svg(double width, double height) {
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
        "font-family=\"Helvetica, Arial, sans-serif\">\n",
        width, height, width, height);
  }

  void rect(double x, double y, double w, double h, std::string const& fill, double radius = 0) {
    add("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" rx=\"%g\" fill=\"%s\"/>\n", x, y, w, h, radius,
        fill.c_str());
  }
  void circle(double x, double y, double r, std::string const& fill, std::string const& stroke) {
    add("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\" stroke=\"%s\" stroke-width=\"0.8\"/>\n", x, y, r,
        fill.c_str(), stroke.c_str());
  }
  void line(double x0, double y0, double x1, double y1, std::string const& stroke, double width = 1) {
    add("<line x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\" stroke=\"%s\" stroke-width=\"%g\"/>\n", x0, y0, x1, y1,
        stroke.c_str(), width);
  }
  void polyline(std::vector<std::pair<double, double>> const& points, std::string const& stroke, double width) {
    body_ += "<polyline fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\" stroke=\"" + stroke + '"';
    add(" stroke-width=\"%g\" points=\"", width);
    for (auto const& [x, y] : points) add("%.1f,%.1f ", x, y);
    body_ += "\"/>\n";
  }
  // `anchor`: start, middle or end.
  void text(double x, double y, std::string const& words, char const* anchor = "start", double size = 13,
            char const* fill = "#444", bool bold = false) {
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%g\" fill=\"%s\"%s>", x, y, anchor, size, fill,
        bold ? " font-weight=\"bold\"" : "");
    for (char const c : words) body_ += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    body_ += "</text>\n";
  }
  // What follows until close() is drawn without gaps between neighbours, cut off outside the rectangle.
  void open_sharp() { body_ += "<g shape-rendering=\"crispEdges\">\n"; }
  void open_clipped(double x, double y, double w, double h) {
    ++clips_;
    add("<clipPath id=\"c%d\"><rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" rx=\"6\"/></clipPath>\n", clips_, x,
        y, w, h);
    add("<g clip-path=\"url(#c%d)\">\n", clips_);
  }
  void close() { body_ += "</g>\n"; }

  void save(std::string const& path) const { weft::io::write_file(path, body_ + "</svg>\n"); }

 private:
  std::string body_;
  int clips_ = 0;

  template <class... X>
  void add(char const* format, X... x) {
    char text[512];
    std::snprintf(text, sizeof text, format, x...);
    body_ += text;
  }
};
