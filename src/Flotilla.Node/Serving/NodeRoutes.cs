using Microsoft.AspNetCore.Http;

namespace Flotilla.Node.Serving;

/// <param name="Path">Begins with a slash; with one at its end everything below it is meant too.</param>
internal sealed record NodeRoute(string Path, Func<HttpContext, Task> HandleAsync)
{
    public bool Matches(string path) => path == Path || path == Path.TrimEnd('/') || (Path.EndsWith('/') && path.StartsWith(Path, StringComparison.Ordinal));
}

/// <summary>What the node's server answers, each path with the one who does.</summary>
internal sealed class NodeRoutes(IReadOnlyList<NodeRoute> routes)
{
    public Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        var route = routes.Where(route => route.Matches(path)).MaxBy(route => route.Path.Length);
        return route?.HandleAsync(context) ?? Answers.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
    }
}
