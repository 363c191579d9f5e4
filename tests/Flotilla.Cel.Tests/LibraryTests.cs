using Flotilla.Cel.Values;

namespace Flotilla.Cel.Tests;

/// <summary>Kubernetes' libraries: what it evaluates to, and the expression.</summary>
public class LibraryTests
{
    [Theory]
    [InlineData("'b'", "'abc'.charAt(1)")]
    [InlineData("''", "'abc'.charAt(3)")]
    [InlineData("'😀'", "'a😀c'.charAt(1)")]
    [InlineData("2", "'a😀c'.indexOf('c')")]
    [InlineData("-1", "'abc'.indexOf('d')")]
    [InlineData("3", "'abcabc'.indexOf('a', 1)")]
    [InlineData("3", "'abcabc'.lastIndexOf('a')")]
    [InlineData("0", "'abcabc'.lastIndexOf('a', 2)")]
    [InlineData("'a-b'", "['a', 'b'].join('-')")]
    [InlineData("'ab'", "['a', 'b'].join()")]
    [InlineData("'tacocat'", "'TacoCat'.lowerAscii()")]
    [InlineData("'TACOCAÑ'", "'tacocaÑ'.upperAscii()")]
    [InlineData("'we we'", "'he he'.replace('h', 'w')")]
    [InlineData("'we he'", "'he he'.replace('h', 'w', 1)")]
    [InlineData("'he he'", "'he he'.replace('h', 'w', 0)")]
    [InlineData("'_a_b_'", "'ab'.replace('', '_')")]
    [InlineData("['a', 'b', 'c']", "'a b c'.split(' ')")]
    [InlineData("['a', 'b c']", "'a b c'.split(' ', 2)")]
    [InlineData("['a', 'b']", "'ab'.split('')")]
    [InlineData("'co'", "'tacocat'.substring(2, 4)")]
    [InlineData("'cat'", "'tacocat'.substring(4)")]
    [InlineData("'trim'", "'  \\ttrim\\n  '.trim()")]
    [InlineData("'\"a\\\\n\\\\\"b\"'", "strings.quote('a\\n\"b')")]
    [InlineData("'a is 1, 2.50, ff, 101, 1.5e+00, %'", "'%s is %d, %.2f, %x, %b, %.1e, %%'.format([dyn('a'), 1, 2.5, 255, 5, 1.5])")]
    [InlineData("'[\"a\", 1] {\"k\":true}'", "'%s %s'.format([dyn(['a', dyn(1)]), {'k': true}])")]
    [InlineData("true", "'abc'.matches('^a.c$')")]
    [InlineData("false", "'abc\\n'.matches('c$')")]
    [InlineData("true", "'é'.matches('^\\\\W$')")]
    [InlineData("true", "'a1'.matches('^[[:alpha:]][[:digit:]]$')")]
    [InlineData("'123'", "'abc 123'.find('[0-9]+')")]
    [InlineData("''", "'abc'.find('[0-9]+')")]
    [InlineData("['1', '2']", "'1 2 3'.findAll('[0-9]', 2)")]
    [InlineData("['1', '2', '3']", "'1 2 3'.findAll('[0-9]')")]
    public void Strings(string expected, string expression) => Run.Same(expected, expression);

    [Theory]
    [InlineData("index out of range: 9", "'abc'.charAt(9)")]
    [InlineData("index out of range: 9", "'abc'.substring(9)")]
    [InlineData("invalid substring range. start: 2, end: 1", "'abc'.substring(2, 1)")]
    [InlineData("index 0 out of range", "'%s'.format([])")]
    [InlineData("min called on empty list", "[1].filter(i, false).min()")]
    [InlineData("cannot slice(0, 3), list is length 1", "[1].slice(0, 3)")]
    [InlineData("lists.range: size must be non-negative, got -1", "lists.range(-1)")]
    [InlineData("cannot convert value to integer", "quantity('100m').asInteger()")]
    [InlineData("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'", "quantity('a')")]
    [InlineData("No Major.Minor.Patch elements found", "semver('1.0')")]
    [InlineData("Major number must not contain leading zeroes \"01\"", "semver('01.0.0')")]
    [InlineData("Invalid character(s) found in patch number \"x\"", "semver('1.0.x')")]
    [InlineData("short version cannot contain PreRelease/Build meta data", "semver('1.0-a', true)")]
    [InlineData("IP Address \"a\" parse error during conversion from string: ParseAddr(\"a\"): unable to parse IP", "ip('a')")]
    [InlineData("IPv4-mapped IPv6 address \"::ffff:1.2.3.4\" is not allowed", "ip('::ffff:1.2.3.4')")]
    [InlineData("IP address \"fe80::1%eth0\" with zone value is not allowed", "ip('fe80::1%eth0')")]
    [InlineData("network address parse error during conversion from string: network address parse error during conversion from string: netip.ParsePrefix(\"a\"): no '/'", "cidr('a')")]
    [InlineData("no such overload", "cidr('10.0.0.0/8').containsIP('a')")]
    [InlineData("error parsing regexp: invalid or unsupported Perl syntax: `(?=`", "'a'.matches(y.name + '(?=a)')")]
    [InlineData("error parsing regexp: invalid repeat count: `{1001}`", "'a'.matches(y.name + '{1001}')")]
    public void Errors(string message, string expression) => Assert.Equal(message, Run.Error(expression));

    [Theory]
    [InlineData("true", "[1, 2, 2].isSorted()")]
    [InlineData("false", "['b', 'a'].isSorted()")]
    [InlineData("6", "[1, 2, 3].sum()")]
    [InlineData("0.0", "[1.0].filter(i, false).sum()")]
    [InlineData("duration('3s')", "[duration('1s'), duration('2s')].sum()")]
    [InlineData("1", "[3, 1, 2].min()")]
    [InlineData("'c'", "['a', 'c', 'b'].max()")]
    [InlineData("1", "['a', 'b', 'b'].indexOf('b')")]
    [InlineData("2", "['a', 'b', 'b'].lastIndexOf('b')")]
    [InlineData("[2, 3]", "[1, 2, 3].slice(1, 3)")]
    [InlineData("[1, 2, 3]", "[[1], [2, 3]].flatten()")]
    [InlineData("[dyn(1), [2]]", "dyn([1, dyn([dyn([2])])]).flatten(1)")]
    [InlineData("[1, 2]", "[1, 2, 1].distinct()")]
    [InlineData("[1, 2, 3]", "[3, 1, 2].sort()")]
    [InlineData("['b', 'a']", "['a', 'b'].map(n, {'n': n, 'k': n == 'a' ? '2' : '1'}).sortBy(e, e.k).map(e, e.n)")]
    [InlineData("[3, 2, 1]", "[1, 2, 3].reverse()")]
    [InlineData("[0, 1, 2]", "lists.range(3)")]
    [InlineData("true", "sets.contains([1, 2], [2])")]
    [InlineData("false", "sets.contains([1], [2])")]
    [InlineData("true", "sets.equivalent([1, 2, 1], [2, 1])")]
    [InlineData("true", "sets.intersects([1, 2], [2, 3])")]
    [InlineData("'a~1b~0c'", "jsonpatch.escapeKey('a/b~c')")]
    public void Lists_and_sets(string expected, string expression) => Run.Same(expected, expression);

    [Theory]
    [InlineData("true", "isURL('https://user@example.com:8080/a/b?x=1&x=2')")]
    [InlineData("true", "isURL('/absolute/path')")]
    [InlineData("false", "isURL('relative/path')")]
    [InlineData("false", "isURL('../x')")]
    [InlineData("'https'", "url('https://example.com').getScheme()")]
    [InlineData("'example.com:80'", "url('https://example.com:80/').getHost()")]
    [InlineData("'example.com'", "url('https://example.com:80/').getHostname()")]
    [InlineData("'::1'", "url('https://[::1]:80/').getHostname()")]
    [InlineData("'80'", "url('https://[::1]:80/').getPort()")]
    [InlineData("'/with%20space/'", "url('https://example.com/with space/').getEscapedPath()")]
    [InlineData("{'k': ['1', '2'], 'e': ['']}", "url('https://e.com/?k=1&k=2&e=').getQuery()")]
    [InlineData("true", "url('https://e.com/') == url('https://e.com/')")]
    public void Urls(string expected, string expression) => Run.Same(expected, expression);

    [Theory]
    [InlineData("true", "isQuantity('1.5Gi')")]
    [InlineData("false", "isQuantity('1.5Gib')")]
    [InlineData("true", "quantity('1000m') == quantity('1')")]
    [InlineData("1", "sign(quantity('-1')) + 2")]
    [InlineData("true", "quantity('1Ki').isInteger()")]
    [InlineData("1024", "quantity('1Ki').asInteger()")]
    [InlineData("0.1", "quantity('100m').asApproximateFloat()")]
    [InlineData("true", "quantity('50k').add(20) == quantity('50020')")]
    [InlineData("true", "quantity('50k').sub(quantity('20k')) == quantity('30e3')")]
    [InlineData("0", "quantity('200M').compareTo(quantity('0.2G'))")]
    [InlineData("true", "quantity('2Mi').isGreaterThan(quantity('2M'))")]
    [InlineData("true", "quantity('2M').isLessThan(quantity('2Mi'))")]
    [InlineData("true", "isSemver('1.0.0-alpha+1')")]
    [InlineData("false", "isSemver('v1.0')")]
    [InlineData("true", "isSemver('v01.1', true)")]
    [InlineData("false", "isSemver(' 1.1', true)")]
    [InlineData("true", "isSemver('1.0.0-0a.1+b.c')")]
    [InlineData("false", "isSemver('1.0.0-01')")]
    [InlineData("true", "semver('1.0.0-alpha').isLessThan(semver('1.0.0'))")]
    [InlineData("true", "semver('1.0.0-alpha.2').isLessThan(semver('1.0.0-alpha.10'))")]
    [InlineData("1", "semver('1.2.3').compareTo(semver('1.2.2'))")]
    [InlineData("6", "semver('1.2.3').major() + semver('1.2.3').minor() + semver('1.2.3').patch()")]
    public void Quantities_and_versions(string expected, string expression) => Run.Same(expected, expression);

    [Theory]
    [InlineData("true", "isIP('192.168.0.1')")]
    [InlineData("false", "isIP('192.168.0.01')")]
    [InlineData("false", "isIP('192.168.0')")]
    [InlineData("true", "isIP('2001:db8::1')")]
    [InlineData("false", "isIP('::ffff:1.2.3.4')")]
    [InlineData("false", "isIP('fe80::1%eth0')")]
    [InlineData("true", "ip.isCanonical('2001:db8::abcd')")]
    [InlineData("false", "ip.isCanonical('2001:DB8::ABCD')")]
    [InlineData("4", "ip('127.0.0.1').family()")]
    [InlineData("true", "ip('127.0.0.1').isLoopback()")]
    [InlineData("true", "ip('0.0.0.0').isUnspecified()")]
    [InlineData("true", "ip('224.0.0.1').isLinkLocalMulticast()")]
    [InlineData("true", "ip('169.254.169.254').isLinkLocalUnicast()")]
    [InlineData("true", "ip('8.8.8.8').isGlobalUnicast()")]
    [InlineData("false", "ip('ff02::1').isGlobalUnicast()")]
    [InlineData("'::1'", "string(ip('0:0::1'))")]
    [InlineData("true", "ip('::1') == ip('0::1')")]
    [InlineData("true", "isCIDR('192.168.0.0/24')")]
    [InlineData("false", "isCIDR('192.168.0.0/33')")]
    [InlineData("false", "isCIDR('192.168.0.0/024')")]
    [InlineData("true", "cidr('192.168.0.0/24').containsIP('192.168.0.9')")]
    [InlineData("false", "cidr('192.168.0.0/24').containsIP(ip('192.168.1.9'))")]
    [InlineData("true", "cidr('192.168.0.0/24').containsCIDR('192.168.0.0/25')")]
    [InlineData("false", "cidr('192.168.0.0/24').containsCIDR(cidr('192.168.0.0/23'))")]
    [InlineData("'192.168.0.0/24'", "string(cidr('192.168.0.7/24').masked())")]
    [InlineData("24", "cidr('192.168.0.7/24').prefixLength()")]
    [InlineData("true", "cidr('192.168.0.7/24').ip() == ip('192.168.0.7')")]
    public void Addresses(string expected, string expression) => Run.Same(expected, expression);

    [Theory]
    [InlineData("dns1123Label", "my-label", true)]
    [InlineData("dns1123Label", "My", false)]
    [InlineData("dns1123Subdomain", "a.b.c", true)]
    [InlineData("dns1035Label", "1a", false)]
    [InlineData("qualifiedName", "example.com/Name", true)]
    [InlineData("qualifiedName", "a/b/c", false)]
    [InlineData("dns1123LabelPrefix", "prefix-", true)]
    [InlineData("labelValue", "", true)]
    [InlineData("labelValue", "-a", false)]
    [InlineData("uri", "https://example.com", true)]
    [InlineData("uri", "example", false)]
    [InlineData("uuid", "123e4567-e89b-12d3-a456-426614174000", true)]
    [InlineData("byte", "aGVsbG8=", true)]
    [InlineData("byte", "a", false)]
    [InlineData("date", "2021-01-01", true)]
    [InlineData("date", "2021-02-30", false)]
    [InlineData("datetime", "2021-01-01T00:00:00Z", true)]
    public void Formats(string format, string text, bool fits)
    {
        Run.Same(fits ? "false" : "true", $"format.{format}().validate('{text}').hasValue()");
        Run.Same(fits ? "false" : "true", $"format.named('{format}').value().validate('{text}').hasValue()");
    }

    [Fact]
    public void An_unknown_format_is_absent() => Run.Same("false", "format.named('nonsense').hasValue()");

    [Fact]
    public void Authorization_checks_ask_the_host()
    {
        var host = new Recorder();
        var environment = Run.Kubernetes.With("authorizer", CelAuthorizer.AuthorizerType);
        var bindings = new CelBindings().Set("authorizer", CelAuthorizer.Value(host));
        const string Resource = "authorizer.serviceAccount('ns', 'sa').group('apps').resource('deployments').subresource('scale').namespace('ns').name('web').labelSelector('a=b').check('update')";

        Assert.True(((BoolValue)Run.Value(environment, Resource + ".allowed()", bindings)).Value);
        Assert.Equal("because", ((StringValue)Run.Value(environment, "authorizer.path('/healthz').check('get').reason()", bindings)).Value);

        Assert.Equal(
            [
                new() { Verb = "update", Group = "apps", Resource = "deployments", Subresource = "scale", Namespace = "ns", Name = "web", LabelSelector = "a=b", ServiceAccount = ("ns", "sa") },
                new CelAuthorizationQuery { Verb = "get", Path = "/healthz" },
            ],
            host.Asked);
    }

    private sealed class Recorder : ICelAuthorizer
    {
        public List<CelAuthorizationQuery> Asked { get; } = [];

        public CelDecision Check(CelAuthorizationQuery query)
        {
            Asked.Add(query);
            return new CelDecision(Allowed: true, "because");
        }
    }
}
