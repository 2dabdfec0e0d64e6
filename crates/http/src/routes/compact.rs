//! Pages as they are sent, without what only a reader of their source wants.

/// Files one after the other, without indentation and lines of comments, of which a browser makes nothing.
pub(super) fn compact(files: &[&str]) -> String {
    let lines = files.iter().flat_map(|file| file.lines()).map(str::trim);
    let said = |line: &&str| !(line.is_empty() || line.starts_with("//") || is_comment(line));
    lines.filter(said).flat_map(|line| [line, "\n"]).collect()
}

/// Style in one line, without the spaces that only a reader wants.
pub(super) fn compact_style(style: &str) -> String {
    const SHORTER: [(&str, &str); 7] = [
        (" {", "{"),
        ("{ ", "{"),
        (": ", ":"),
        ("; ", ";"),
        (", ", ","),
        ("\n", ""),
        (";}", "}"),
    ];
    let shorten = |style: String, (long, short)| style.replace(long, short);
    SHORTER.into_iter().fold(style.to_owned(), shorten)
}

/// Script without the ends of lines that only a reader wants: where a statement cannot end, or ends with a sign.
/// None of the files has a text over several lines, or a comment behind code.
pub(super) fn compact_script(script: &str) -> String {
    const JOINED: [(&str, &str); 11] = [
        (",\n", ","),
        (";\n", ";"),
        ("{\n", "{"),
        ("(\n", "("),
        ("[\n", "["),
        ("=>\n", "=>"),
        ("\n}", "}"),
        ("\n)", ")"),
        ("\n]", "]"),
        ("\n?", "?"),
        ("\n.", "."),
    ];
    let join = |script: String, (broken, joined)| script.replace(broken, joined);
    JOINED.into_iter().fold(script.to_owned(), join)
}

fn is_comment(line: &str) -> bool {
    line.starts_with("/*") && line.ends_with("*/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stay_apart_and_nothing_else_does() {
        let script =
            "// why\nconst one = (\n  a,\n  b\n);\nlet two = one\nif (two) {\n  go();\n}\nend()\n";
        let expected = "const one = (a,b);let two = one\nif (two) {go();}\nend()\n";
        assert_eq!(compact_script(&compact(&[script])), expected);
    }

    #[test]
    fn style_stands_in_one_line() {
        let style = "/* why */\n.a, .b {\n  color: red;\n  margin: 0 1rem;\n}\n";
        let expected = ".a,.b{color:red;margin:0 1rem}";
        assert_eq!(compact_style(&compact(&[style])), expected);
    }
}
