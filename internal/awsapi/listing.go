package awsapi

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// maxPages bounds every listing: a server that goes on for ever is no service.
const maxPages = 1000

// pages follows a listing to its end.
func pages(operation string, page func(token *string) (next *string, err error)) error {
	var token *string
	for range maxPages {
		next, err := page(token)
		if err != nil {
			return err
		}
		if aws.ToString(next) == "" {
			return nil
		}
		if aws.ToString(next) == aws.ToString(token) {
			return errors.New(operation + ": the service gives the same page again")
		}
		token = next
	}
	return fmt.Errorf("%s: more than %d pages", operation, maxPages)
}

// distinct sorts a listing by ARN and drops repetitions: pages shift when
// objects come and go between them.
func distinct[T any](list []T, arn func(T) string) []T {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(arn(a), arn(b)) })
	return slices.CompactFunc(list, func(a, b T) bool { return arn(a) == arn(b) })
}
