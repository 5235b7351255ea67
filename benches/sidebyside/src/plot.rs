//! Draws the results of a benchmark as a bar chart in SVG.

use std::fmt::Write as _;

/// A bar: the median, and a line from the minimum to the maximum.
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
    /// Whether it is this crate's.
    pub(crate) is_ours: bool,
}

const WIDTH: f64 = 760.0;
const LABEL: f64 = 200.0;
const ROW: f64 = 26.0;
const TOP: f64 = 34.0;

/// Draws the bars in the order in which they are given. The unit is seconds.
pub(crate) fn svg(title: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.max).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LABEL - 90.0) / longest;
    let (mut rows, mut y) = (String::new(), TOP);
    for bar in bars {
        let color = if bar.is_ours { "#1f77b4" } else { "#b0b8c0" };
        let (middle, text) = (y + ROW / 2.0, y + ROW / 2.0 + 4.0);
        let x = |value: f64| LABEL + value * scale;
        _ = writeln!(
            rows,
            r##"<text x="{:.0}" y="{text:.0}" text-anchor="end">{}</text>
<rect x="{LABEL:.0}" y="{:.0}" width="{:.1}" height="{:.0}" fill="{color}"/>
<line x1="{:.1}" y1="{middle:.0}" x2="{:.1}" y2="{middle:.0}" stroke="#333333"/>
<text x="{:.1}" y="{text:.0}">{:.3}</text>"##,
            LABEL - 8.0,
            escape(&bar.name),
            y + 4.0,
            bar.median * scale,
            ROW - 8.0,
            x(bar.min),
            x(bar.max),
            x(bar.max) + 6.0,
            bar.median,
        );
        y += ROW;
    }
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH:.0}" height="{:.0}" font-family="sans-serif" font-size="13">
<rect width="100%" height="100%" fill="white"/>
<text x="8" y="20" font-weight="bold">{}: wall time in seconds, median and range</text>
{rows}</svg>
"#,
        y + 8.0,
        escape(title),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
