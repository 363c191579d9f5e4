using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Validation;

namespace Flotilla.Server.CustomResources;

internal sealed class NoRules : IRuleCompiler
{
    public ICompiledRules? Compile(JsonObject schema) => null;

    public IEnumerable<FieldError> Check(JsonObject schema, string path) => [];
}
