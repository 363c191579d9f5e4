using System.IO.Enumeration;
using Flotilla.Api.Images;

namespace Flotilla.Engine.Images;

/// <summary><c>docker images 'my-*'</c>.</summary>
internal static class ReferencePattern
{
    public static bool Matches(string pattern, EngineImage image) => image.Tags.Select(ImageName.Familiar).Any(tag =>
        FileSystemName.MatchesSimpleExpression(pattern, tag, ignoreCase: false)
        || FileSystemName.MatchesSimpleExpression(pattern, tag[..tag.LastIndexOf(':')], ignoreCase: false));
}
