package iampolicy_test

import (
	"strings"
	"testing"

	"anchorctl/internal/iampolicy"
)

// The verdicts of these tables are written by hand from the pages that each
// group names; nothing in them was computed.
const (
	operatorsPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"
	setsPage      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"
	logicPage     = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html"
	keysPage      = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html"
	variablesPage = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html"
)

const (
	yes   = iampolicy.Yes
	no    = iampolicy.No
	maybe = iampolicy.Maybe
)

type ctx = map[string][]string

func TestConditions(t *testing.T) {
	const arn = "arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555"
	for _, group := range []struct {
		page  string
		cases []conditionCase
	}{
		{operatorsPage + "#Conditions_String", []conditionCase{
			{"equal strings", `{"StringEquals":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, yes},
			{"exact matching is case sensitive", `{"StringEquals":{"k:a":"x"}}`, ctx{"k:a": {"X"}}, no},
			{"a wildcard is not one in StringEquals", `{"StringEquals":{"k:a":"x*"}}`, ctx{"k:a": {"xy"}}, no},
			{"a wildcard in StringEquals equals itself", `{"StringEquals":{"k:a":"x*"}}`, ctx{"k:a": {"x*"}}, yes},
			{"part of a string does not match", `{"StringEquals":{"k:a":"x"}}`, ctx{"k:a": {"xx"}}, no},
			{"absent key under StringEquals", `{"StringEquals":{"k:a":"x"}}`, nil, no},
			{"negated, equal", `{"StringNotEquals":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, no},
			{"negated, different", `{"StringNotEquals":{"k:a":"x"}}`, ctx{"k:a": {"y"}}, yes},
			{"absent key under StringNotEquals is true", `{"StringNotEquals":{"k:a":"x"}}`, nil, yes},
			{"ignoring case", `{"StringEqualsIgnoreCase":{"k:a":"aBc"}}`, ctx{"k:a": {"AbC"}}, yes},
			{"ignoring case, different", `{"StringEqualsIgnoreCase":{"k:a":"abc"}}`, ctx{"k:a": {"abd"}}, no},
			{"ignoring case, negated", `{"StringNotEqualsIgnoreCase":{"k:a":"abc"}}`, ctx{"k:a": {"ABC"}}, no},
			{"ignoring case, negated, absent", `{"StringNotEqualsIgnoreCase":{"k:a":"abc"}}`, nil, yes},
			{"like with a star at the end", `{"StringLike":{"k:a":"home/*"}}`, ctx{"k:a": {"home/bob"}}, yes},
			{"a star matches nothing too", `{"StringLike":{"k:a":"home/*"}}`, ctx{"k:a": {"home/"}}, yes},
			{"a question mark matches one character", `{"StringLike":{"k:a":"t?.x"}}`, ctx{"k:a": {"t1.x"}}, yes},
			{"a question mark does not match none", `{"StringLike":{"k:a":"t?.x"}}`, ctx{"k:a": {"t.x"}}, no},
			{"a question mark matches one character of many bytes", `{"StringLike":{"k:a":"t?.x"}}`, ctx{"k:a": {"té.x"}}, yes},
			{"wildcards anywhere", `{"StringLike":{"k:a":"*a*b?c"}}`, ctx{"k:a": {"xxaaab.bbyc"}}, yes},
			{"wildcards anywhere, no match", `{"StringLike":{"k:a":"*a*b?c"}}`, ctx{"k:a": {"xxaaabc"}}, no},
			{"like is case sensitive", `{"StringLike":{"k:a":"Home*"}}`, ctx{"k:a": {"home"}}, no},
			{"without wildcards like is equal", `{"StringLike":{"k:a":"home"}}`, ctx{"k:a": {"home/"}}, no},
			{"absent key under StringLike, even for a star", `{"StringLike":{"k:a":"*"}}`, nil, no},
			{"not like", `{"StringNotLike":{"k:a":"home/*"}}`, ctx{"k:a": {"home/bob"}}, no},
			{"absent key under StringNotLike is true", `{"StringNotLike":{"k:a":"home/*"}}`, nil, yes},
			{"the empty prefix of the guide's example", `{"StringLike":{"s3:prefix":["","home/"]}}`, ctx{"s3:prefix": {""}}, yes},
		}},
		{operatorsPage + "#Conditions_Numeric", []conditionCase{
			{"equal numbers in two spellings", `{"NumericEquals":{"k:n":"10"}}`, ctx{"k:n": {"10.0"}}, yes},
			{"not equal", `{"NumericNotEquals":{"k:n":"10"}}`, ctx{"k:n": {"11"}}, yes},
			{"not equal, absent", `{"NumericNotEquals":{"k:n":"10"}}`, nil, yes},
			{"less", `{"NumericLessThan":{"k:n":"10"}}`, ctx{"k:n": {"9.99"}}, yes},
			{"less, at the limit", `{"NumericLessThan":{"k:n":"10"}}`, ctx{"k:n": {"10"}}, no},
			{"at most 10, 10", `{"NumericLessThanEquals":{"s3:max-keys":"10"}}`, ctx{"s3:max-keys": {"10"}}, yes},
			{"at most 10, 11", `{"NumericLessThanEquals":{"s3:max-keys":"10"}}`, ctx{"s3:max-keys": {"11"}}, no},
			{"at most, absent", `{"NumericLessThanEquals":{"s3:max-keys":"10"}}`, nil, no},
			{"greater", `{"NumericGreaterThan":{"k:n":-1}}`, ctx{"k:n": {"0"}}, yes},
			{"greater or equal", `{"NumericGreaterThanEquals":{"k:n":1.5}}`, ctx{"k:n": {"1.5"}}, yes},
			{"numbers are not compared as text", `{"NumericLessThan":{"k:n":"10"}}`, ctx{"k:n": {"9"}}, yes},
			{"a number beyond the precision of a float", `{"NumericEquals":{"k:n":"9007199254740993"}}`, ctx{"k:n": {"9007199254740992"}}, no},
			{"a policy value that is no number", `{"NumericEquals":{"k:n":"ten"}}`, ctx{"k:n": {"10"}}, maybe},
			{"a request value that is no number", `{"NumericNotEquals":{"k:n":"10"}}`, ctx{"k:n": {"ten"}}, maybe},
			{"an exponent is no integer or decimal", `{"NumericEquals":{"k:n":"1e1"}}`, ctx{"k:n": {"10"}}, maybe},
			{"variables have no place here", `{"NumericEquals":{"k:n":"${k:n}"}}`, ctx{"k:n": {"10"}}, maybe},
		}},
		{operatorsPage + "#Conditions_Date", []conditionCase{
			{"after", `{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:01Z"}}`, ctx{"aws:TokenIssueTime": {"2020-01-01T00:00:02Z"}}, yes},
			{"after, at that moment", `{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:01Z"}}`, ctx{"aws:TokenIssueTime": {"2020-01-01T00:00:01Z"}}, no},
			{"after, absent", `{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:01Z"}}`, nil, no},
			{"at or after", `{"DateGreaterThanEquals":{"k:d":"2020-01-01T00:00:01Z"}}`, ctx{"k:d": {"2020-01-01T01:00:01+01:00"}}, yes},
			{"before", `{"DateLessThan":{"k:d":"2020-01-01"}}`, ctx{"k:d": {"2019-12-31T23:59:59Z"}}, yes},
			{"at or before", `{"DateLessThanEquals":{"k:d":"2020-01"}}`, ctx{"k:d": {"2020-01-01T00:00:00Z"}}, yes},
			{"equal, one of them in epoch time", `{"DateEquals":{"k:d":"2020-01-01T00:00:00Z"}}`, ctx{"k:d": {"1577836800"}}, yes},
			{"not equal", `{"DateNotEquals":{"k:d":"2020-01-01T00:00:00Z"}}`, ctx{"k:d": {"1577836801"}}, yes},
			{"not equal, absent", `{"DateNotEquals":{"k:d":"2020-01-01T00:00:00Z"}}`, nil, yes},
			{"minutes without seconds", `{"DateEquals":{"k:d":"2020-01-01T00:00Z"}}`, ctx{"k:d": {"2020-01-01T00:00:00Z"}}, yes},
			{"wildcards are not permitted", `{"DateEquals":{"k:d":"2020-*"}}`, ctx{"k:d": {"2020-01-01"}}, maybe},
			{"a time without a zone", `{"DateEquals":{"k:d":"2020-01-01T00:00:00"}}`, ctx{"k:d": {"2020-01-01T00:00:00Z"}}, maybe},
			{"four digits are a year or seconds", `{"DateLessThan":{"k:d":"2030"}}`, ctx{"k:d": {"2020-01-01"}}, maybe},
		}},
		{operatorsPage + "#Conditions_Boolean", []conditionCase{
			{"true is true", `{"Bool":{"aws:SecureTransport":"true"}}`, ctx{"aws:SecureTransport": {"true"}}, yes},
			{"true is not false", `{"Bool":{"aws:SecureTransport":"false"}}`, ctx{"aws:SecureTransport": {"true"}}, no},
			{"without quotation marks", `{"Bool":{"aws:SecureTransport":false}}`, ctx{"aws:SecureTransport": {"false"}}, yes},
			{"absent is not false", `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`, nil, no},
			{"absent, IfExists", `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`, nil, yes},
			{"neither true nor false", `{"Bool":{"aws:SecureTransport":"yes"}}`, ctx{"aws:SecureTransport": {"true"}}, maybe},
		}},
		{operatorsPage + "#Conditions_BinaryEquals", []conditionCase{
			{"the guide's example", `{"BinaryEquals":{"k:b":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}`, ctx{"k:b": {"BinaryValueInBase64"}}, yes},
			{"another value", `{"BinaryEquals":{"k:b":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}`, ctx{"k:b": {"other"}}, no},
			{"absent", `{"BinaryEquals":{"k:b":"QQ=="}}`, nil, no},
			{"no base 64", `{"BinaryEquals":{"k:b":"%%"}}`, ctx{"k:b": {"A"}}, maybe},
		}},
		{operatorsPage + "#Conditions_IPAddress", []conditionCase{
			{"first of the range", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"203.0.113.0"}}, yes},
			{"last of the range", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"203.0.113.255"}}, yes},
			{"past the range", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"203.0.114.0"}}, no},
			{"without a prefix it is one address", `{"IpAddress":{"aws:SourceIp":"203.0.113.7"}}`, ctx{"aws:SourceIp": {"203.0.113.7"}}, yes},
			{"the second of two ranges", `{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:DB8:1234:5678::/64"]}}`, ctx{"aws:SourceIp": {"2001:db8:1234:5678::9"}}, yes},
			{"an address of the other family", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"2001:db8::1"}}, no},
			{"absent, as through a VPC endpoint", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, nil, no},
			{"negated, inside", `{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"203.0.113.9"}}, no},
			{"negated, outside", `{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"198.51.100.1"}}, yes},
			{"negated, absent", `{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, nil, yes},
			{"no address in the policy", `{"NotIpAddress":{"aws:SourceIp":"203.0.113"}}`, ctx{"aws:SourceIp": {"203.0.113.9"}}, maybe},
			{"no address in the request", `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, ctx{"aws:SourceIp": {"AWS Internal"}}, maybe},
		}},
		{operatorsPage + "#Conditions_ARN", []conditionCase{
			{"the same ARN", `{"ArnEquals":{"aws:SourceArn":"` + arn + `"}}`, ctx{"aws:SourceArn": {arn}}, yes},
			{"another anchor", `{"ArnEquals":{"aws:SourceArn":"` + arn + `"}}`, ctx{"aws:SourceArn": {strings.Replace(arn, "1111", "2222", 1)}}, no},
			{"another case", `{"ArnEquals":{"aws:SourceArn":"` + arn + `"}}`, ctx{"aws:SourceArn": {strings.ToUpper(arn)}}, no},
			{"ArnEquals takes wildcards as ArnLike does", `{"ArnEquals":{"aws:SourceArn":"arn:aws:rolesanywhere:*:111122223333:trust-anchor/*"}}`, ctx{"aws:SourceArn": {arn}}, yes},
			{"ArnLike", `{"ArnLike":{"aws:SourceArn":"arn:aws:rolesanywhere:eu-central-?:*:*"}}`, ctx{"aws:SourceArn": {arn}}, yes},
			{"a star does not cross a colon: the guide's example", `{"ArnLike":{"k:arn":"arn:aws:someservice:*:111122223333:finance/*"}}`,
				ctx{"k:arn": {"arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"}}, no},
			{"in StringLike it does: the guide's example", `{"StringLike":{"k:arn":"arn:aws:someservice:*:111122223333:finance/*"}}`,
				ctx{"k:arn": {"arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"}}, yes},
			{"colons of the sixth component belong to it", `{"ArnLike":{"k:arn":"arn:aws:sns:*:*:a:*"}}`, ctx{"k:arn": {"arn:aws:sns:us-east-2:1:a:b:c"}}, yes},
			{"absent", `{"ArnLike":{"aws:SourceArn":"` + arn + `"}}`, nil, no},
			{"negated", `{"ArnNotEquals":{"aws:SourceArn":"` + arn + `"}}`, ctx{"aws:SourceArn": {arn}}, no},
			{"negated, another", `{"ArnNotLike":{"aws:SourceArn":"arn:aws:sns:*:*:*"}}`, ctx{"aws:SourceArn": {arn}}, yes},
			{"negated, absent", `{"ArnNotLike":{"aws:SourceArn":"` + arn + `"}}`, nil, yes},
			{"a star alone is no ARN", `{"ArnLike":{"aws:SourceArn":"*"}}`, ctx{"aws:SourceArn": {arn}}, maybe},
			{"a request value that is no ARN", `{"ArnNotLike":{"aws:SourceArn":"` + arn + `"}}`, ctx{"aws:SourceArn": {"x"}}, maybe},
		}},
		{operatorsPage + "#Conditions_IfExists", []conditionCase{
			{"absent", `{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","t2.*"]}}`, nil, yes},
			{"present and matching", `{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","t2.*"]}}`, ctx{"ec2:InstanceType": {"t2.micro"}}, yes},
			{"present and not matching", `{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","t2.*"]}}`, ctx{"ec2:InstanceType": {"m3.large"}}, no},
			{"negated and absent is true all the same", `{"StringNotEqualsIfExists":{"k:a":"x"}}`, nil, yes},
			{"ForAnyValue and absent", `{"ForAnyValue:StringEqualsIfExists":{"k:a":"x"}}`, nil, yes},
			{"any operator: ArnEquals", `{"ArnEqualsIfExists":{"aws:SourceArn":"` + arn + `"}}`, nil, yes},
			{"any operator: IpAddress", `{"IpAddressIfExists":{"aws:SourceIp":"10.0.0.0/8"}}`, ctx{"aws:SourceIp": {"11.0.0.1"}}, no},
			{"but not Null", `{"NullIfExists":{"k:a":"true"}}`, nil, maybe},
		}},
		{operatorsPage + "#Conditions_Null", []conditionCase{
			{"must be absent and is", `{"Null":{"aws:TokenIssueTime":"true"}}`, nil, yes},
			{"must be absent and is not", `{"Null":{"aws:TokenIssueTime":"true"}}`, ctx{"aws:TokenIssueTime": {"2020-01-01T00:00:00Z"}}, no},
			{"must be there and is", `{"Null":{"aws:TokenIssueTime":"false"}}`, ctx{"aws:TokenIssueTime": {"2020-01-01T00:00:00Z"}}, yes},
			{"must be there and is not", `{"Null":{"aws:TokenIssueTime":false}}`, nil, no},
			{"there, but its value is null", `{"Null":{"aws:TagKeys":"false"}}`, ctx{"aws:TagKeys": {""}}, no},
			{"neither true nor false", `{"Null":{"k:a":"maybe"}}`, nil, maybe},
			{"it takes no set operator", `{"ForAllValues:Null":{"k:a":"true"}}`, nil, maybe},
		}},
		{logicPage, []conditionCase{
			{"values of a key are alternatives", `{"StringEquals":{"k:a":["x","y"]}}`, ctx{"k:a": {"y"}}, yes},
			{"keys of an operator are all needed", `{"StringEquals":{"k:a":"x","k:b":"y"}}`, ctx{"k:a": {"x"}}, no},
			{"operators are all needed", `{"StringEquals":{"k:a":"x"},"Bool":{"k:b":"true"}}`, ctx{"k:a": {"x"}, "k:b": {"false"}}, no},
			{"all given", `{"StringEquals":{"k:a":"x"},"Bool":{"k:b":"true"}}`, ctx{"k:a": {"x"}, "k:b": {"true"}}, yes},
			{"negated, none may match", `{"StringNotEquals":{"k:a":["x","y"]}}`, ctx{"k:a": {"y"}}, no},
			{"negated, none does", `{"StringNotEquals":{"k:a":["x","y"]}}`, ctx{"k:a": {"z"}}, yes},
			{"a malformed value beside one that matches", `{"NumericEquals":{"k:n":["ten","10"]}}`, ctx{"k:n": {"10"}}, yes},
			{"a malformed value beside one that does not", `{"NumericEquals":{"k:n":["ten","11"]}}`, ctx{"k:n": {"10"}}, maybe},
		}},
		{setsPage, []conditionCase{
			{"all in the list", `{"ForAllValues:StringEquals":{"dynamodb:Attributes":["ID","Message","Tags"]}}`, ctx{"dynamodb:Attributes": {"Message", "Tags", "ID"}}, yes},
			{"one not in the list", `{"ForAllValues:StringEquals":{"dynamodb:Attributes":["ID","Message","Tags"]}}`, ctx{"dynamodb:Attributes": {"Message", "UserName"}}, no},
			{"all of no keys", `{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`, nil, yes},
			{"all of an empty list", `{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`, ctx{"aws:TagKeys": {}}, yes},
			{"all of a null data set, such as an empty string", `{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]}}`, ctx{"aws:TagKeys": {""}}, yes},
			{"any in the list: the guide's example", `{"ForAnyValue:StringEquals":{"dynamodb:Attributes":["ID","PostDateTime"]}}`, ctx{"dynamodb:Attributes": {"UserName", "Message", "PostDateTime"}}, yes},
			{"none in the list", `{"ForAnyValue:StringEquals":{"dynamodb:Attributes":["ID","PostDateTime"]}}`, ctx{"dynamodb:Attributes": {"UserName", "Message"}}, no},
			{"any of no keys", `{"ForAnyValue:StringEquals":{"aws:TagKeys":["a"]}}`, nil, no},
			{"any of a null data set", `{"ForAnyValue:StringLike":{"aws:TagKeys":["*"]}}`, ctx{"aws:TagKeys": {""}}, no},
			{"any of no keys, negated", `{"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a"]}}`, nil, no},
			{"all, negated", `{"ForAllValues:StringNotLike":{"aws:TagKeys":["key1*"]}}`, ctx{"aws:TagKeys": {"key2", "key10"}}, no},
			{"any, negated", `{"ForAnyValue:StringNotLike":{"aws:TagKeys":["key1*"]}}`, ctx{"aws:TagKeys": {"key2", "key10"}}, yes},
			{"several values need a set operator", `{"StringEquals":{"aws:TagKeys":["a"]}}`, ctx{"aws:TagKeys": {"a", "b"}}, maybe},
			{"several values need a set operator, negated", `{"StringNotEquals":{"aws:TagKeys":["c"]}}`, ctx{"aws:TagKeys": {"a", "b"}}, maybe},
		}},
		{keysPage, []conditionCase{
			{"key names are not case-sensitive", `{"StringEquals":{"AWS:username":"johndoe"}}`, ctx{"aws:UserName": {"johndoe"}}, yes},
			{"tag keys in them are not either", `{"StringEquals":{"aws:PrincipalTag/X509SUBJECT/cn":"a"}}`, ctx{"aws:PrincipalTag/x509Subject/CN": {"a"}}, yes},
			{"an unknown operator", `{"StringMatches":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, maybe},
			{"an operator in another case", `{"stringequals":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, maybe},
			{"an unknown set operator", `{"ForSomeValues:StringEquals":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, maybe},
			{"two set operators", `{"ForAnyValue:ForAllValues:StringEquals":{"k:a":"x"}}`, ctx{"k:a": {"x"}}, maybe},
			{"an unknown operator cannot save what another refuses", `{"StringMatches":{"k:a":"x"},"StringEquals":{"k:a":"y"}}`, ctx{"k:a": {"x"}}, no},
		}},
		{variablesPage, []conditionCase{
			{"a variable", `{"StringEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}, "k:b": {"x"}}, yes},
			{"a variable within text", `{"StringLike":{"s3:prefix":"home/${aws:username}/*"}}`, ctx{"s3:prefix": {"home/bob/x"}, "aws:username": {"bob"}}, yes},
			{"a variable, another value", `{"StringEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}, "k:b": {"y"}}, no},
			{"names of variables are case-insensitive", `{"StringEquals":{"k:a":"${AWS:currenttime}"}}`, ctx{"k:a": {"x"}, "aws:CurrentTime": {"x"}}, yes},
			{"no value is equal to nothing", `{"StringEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}}, no},
			{"no value is not even like a star beside it", `{"StringLike":{"k:a":"${k:b}*"}}`, ctx{"k:a": {"x"}}, no},
			{"inverted operators match against no value", `{"StringNotEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}}, yes},
			{"in ARN operators too", `{"ArnNotEquals":{"k:a":"arn:aws:s3:::${k:b}"}}`, ctx{"k:a": {"arn:aws:s3:::x"}}, yes},
			{"ARN operators take variables", `{"ArnLike":{"k:a":"arn:aws:s3:::${k:b}/*"}}`, ctx{"k:a": {"arn:aws:s3:::x/y"}, "k:b": {"x"}}, yes},
			{"a variable's value makes no ARN components", `{"ArnLike":{"k:a":"arn:aws:${k:b}:::x"}}`, ctx{"k:a": {"arn:aws:s3:eu:1:::x"}, "k:b": {"s3:eu:1"}}, no},
			{"a default that is not needed", `{"StringEquals":{"k:a":"b-${k:b, 'all'}"}}`, ctx{"k:a": {"b-x"}, "k:b": {"x"}}, yes},
			{"a default that is needed", `{"StringEquals":{"k:a":"b-${k:b, 'company-wide'}"}}`, ctx{"k:a": {"b-company-wide"}}, yes},
			{"a default is not replaced again", `{"StringEquals":{"k:a":"${k:b, '$'}"}}`, ctx{"k:a": {"$"}}, yes},
			{"an asterisk", `{"StringLike":{"k:a":"a${*}b*"}}`, ctx{"k:a": {"a*bc"}}, yes},
			{"an asterisk is not a wildcard", `{"StringLike":{"k:a":"a${*}b"}}`, ctx{"k:a": {"axb"}}, no},
			{"a question mark", `{"StringLike":{"k:a":"a${?}b"}}`, ctx{"k:a": {"a?b"}}, yes},
			{"a question mark is not a wildcard", `{"StringLike":{"k:a":"a${?}b"}}`, ctx{"k:a": {"axb"}}, no},
			{"a dollar sign", `{"StringEquals":{"k:a":"${$}{k:b}"}}`, ctx{"k:a": {"${k:b}"}}, yes},
			{"special characters in StringEquals too", `{"StringEquals":{"k:a":"${*}"}}`, ctx{"k:a": {"*"}}, yes},
			{"a multivalued key is no variable", `{"StringNotEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}, "k:b": {"y", "z"}}, maybe},
			{"an unclosed variable", `{"StringNotEquals":{"k:a":"${k:b"}}`, ctx{"k:a": {"x"}}, maybe},
			{"a variable without a name", `{"StringNotEquals":{"k:a":"${}"}}`, ctx{"k:a": {"x"}}, maybe},
			{"a name that is no key", `{"StringNotEquals":{"k:a":"${username}"}}`, ctx{"k:a": {"x"}}, maybe},
			{"a default without quotation marks", `{"StringNotEquals":{"k:a":"${k:b, x}"}}`, ctx{"k:a": {"x"}}, maybe},
			{"a value with a wildcard", `{"StringLike":{"k:a":"${k:b}"}}`, ctx{"k:a": {"xyz"}, "k:b": {"x*"}}, maybe},
			{"a dollar sign alone is itself", `{"StringEquals":{"k:a":"$x{"}}`, ctx{"k:a": {"$x{"}}, yes},
		}},
	} {
		for _, c := range group.cases {
			t.Run(c.name, func(t *testing.T) { c.run(t, "2012-10-17", group.page) })
		}
	}
	// "Earlier versions of the policy language don't support policy variables."
	for _, c := range []conditionCase{
		{"a variable is text in the older version", `{"StringEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"${k:b}"}, "k:b": {"x"}}, yes},
		{"and is not replaced", `{"StringEquals":{"k:a":"${k:b}"}}`, ctx{"k:a": {"x"}, "k:b": {"x"}}, no},
		{"a malformed one is text as well", `{"StringEquals":{"k:a":"${k:b"}}`, ctx{"k:a": {"${k:b"}}, yes},
		{"its special characters are text, the star a wildcard", `{"StringLike":{"k:a":"${*}"}}`, ctx{"k:a": {"${abc}"}}, yes},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, "2008-10-17", variablesPage) })
	}
}

type conditionCase struct {
	name      string
	condition string
	context   ctx
	want      iampolicy.Truth
}

// run holds the verdict on the statement, and that Maybe never allows: an
// Allow does not match and a Deny does.
func (c conditionCase) run(t *testing.T, version, page string) {
	t.Helper()
	const rest = `"Action":"s3:GetObject","Resource":"*","Condition":`
	ask := iampolicy.Request{Actions: []string{"s3:GetObject"}, Resource: "arn:aws:s3:::b/k", Context: c.context}
	allow := parse(t, `{"Version":"`+version+`","Statement":{"Effect":"Allow",`+rest+c.condition+`}}`).Evaluate(ask)
	if got := allow.Why[0].Result; got != c.want {
		t.Errorf("got %v, want %v (%s): %s", got, c.want, page, allow.Explain())
	}
	if allow.Allowed != (c.want == yes) || allow.Possible != (c.want != no) {
		t.Errorf("Allow: allowed %v, possible %v (%s)", allow.Allowed, allow.Possible, page)
	}
	deny := parse(t, `{"Version":"`+version+`","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
		{"Effect":"Deny",`+rest+c.condition+`}]}`).Evaluate(ask)
	if deny.Allowed != (c.want == no) || deny.Possible != (c.want != yes) {
		t.Errorf("Deny: allowed %v, possible %v (%s)", deny.Allowed, deny.Possible, page)
	}
}
