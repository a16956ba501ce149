// Package hint attaches to an error what the reader can do about it.
//
// It knows errors and lines of advice. It must not know how either is shown:
// terminal prints hints on their own lines, render puts them into JSON.
package hint
