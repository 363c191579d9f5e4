using Flotilla.Cel.Checking;
using Flotilla.Cel.Macros;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Absolute URLs and absolute paths.</summary>
internal sealed class UrlLibrary : ICelLibrary
{
    private static readonly CelType Url = CelType.Object("kubernetes.URL", static _ => null);

    public IEnumerable<CelType> Types => [Url];

    public void AddTo(FunctionTable functions, MacroTable macros, RegexCache regexes)
    {
        functions.Function("url", "string_to_url", [CelType.String], Url, values => Parse(StringLibrary.Of(values[0])));
        functions.Function("isURL", "is_url_string", [CelType.String], CelType.Bool, values => BoolValue.Of(Parse(StringLibrary.Of(values[0])) is UrlValue));
        Part(functions, "getScheme", "url_get_scheme", url => url.Scheme);
        Part(functions, "getHost", "url_get_host", url => url.Host);
        Part(functions, "getHostname", "url_get_hostname", url => url.Hostname);
        Part(functions, "getPort", "url_get_port", url => url.Port);
        Part(functions, "getEscapedPath", "url_get_escaped_path", url => url.Path);
        functions.Method<UrlValue>("getQuery", "url_get_query", Url, CelType.Map(CelType.String, CelType.List(CelType.String)), QueryOf);
    }

    private static void Part(FunctionTable functions, string name, string id, Func<RequestUri, string> part) =>
        functions.Method<UrlValue>(name, id, Url, CelType.String, url => new StringValue(part(url.Uri)));

    private static CelValue Parse(string text) => RequestUri.Parse(text, out var problem) is { } uri ? new UrlValue(uri)
        : new ErrorValue($"URL parse error during conversion from string: parse {TextFormat.Quote(text)}: {problem}");

    private static MapValue QueryOf(UrlValue url) => MapValue.Of(url.Uri.Query
        .GroupBy(pair => pair.Key, pair => (CelValue)new StringValue(pair.Value), StringComparer.Ordinal)
        .Select(group => new KeyValuePair<string, CelValue>(group.Key, ListValue.Of([.. group]))));

    private sealed class UrlValue(RequestUri uri) : OpaqueValue(Url)
    {
        public RequestUri Uri => uri;

        internal override bool IsEqualTo(CelValue other) => other is UrlValue url && url.Uri.Equals(uri);
    }
}
