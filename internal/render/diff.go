package render

// line is a line of a comparison: " " stays, "-" goes, "+" comes.
type line struct{ mark, text string }

// maxCompared bounds the table of the comparison; what is longer is shown as
// one removed and one added text.
const maxCompared = 2000

// diff compares two texts line by line by their longest common subsequence.
// With one of them missing, the other is what stays: nothing is compared.
func diff(before, after []string) []line {
	if before == nil || after == nil {
		return marked(" ", append(before, after...))
	}
	if len(before) > maxCompared || len(after) > maxCompared {
		return append(marked("-", before), marked("+", after)...)
	}
	longest := commonLengths(before, after)
	var out []line
	i, j := 0, 0
	for i < len(before) && j < len(after) {
		switch {
		case before[i] == after[j]:
			out = append(out, line{" ", before[i]})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			out = append(out, line{"-", before[i]})
			i++
		default:
			out = append(out, line{"+", after[j]})
			j++
		}
	}
	out = append(out, marked("-", before[i:])...)
	return append(out, marked("+", after[j:])...)
}

// commonLengths[i][j] is the length of the longest common subsequence of
// before[i:] and after[j:].
func commonLengths(before, after []string) [][]int {
	t := make([][]int, len(before)+1)
	for i := range t {
		t[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				t[i][j] = t[i+1][j+1] + 1
			} else {
				t[i][j] = max(t[i+1][j], t[i][j+1])
			}
		}
	}
	return t
}

func marked(mark string, texts []string) []line {
	out := make([]line, len(texts))
	for i, text := range texts {
		out[i] = line{mark, text}
	}
	return out
}
