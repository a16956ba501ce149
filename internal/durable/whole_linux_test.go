package durable

import "testing"

func TestReleasesOfTheKernelAreCompared(t *testing.T) {
	for release, want := range map[string]bool{
		"5.8.0": true, "5.7.19": false, "6.18.44-fc-v509": true, "4.19.0-27-amd64": false, "5.10": true, "5.8-rc1": true,
		"": false, "linux": false, "5": false,
	} {
		if got := releaseAtLeast(release, 5, 8); got != want {
			t.Errorf("%q is at least 5.8: %v, want %v", release, got, want)
		}
	}
}
