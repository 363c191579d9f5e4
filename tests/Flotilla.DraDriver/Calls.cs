using Google.Protobuf;

namespace Flotilla.DraDriver;

/// <summary>Every call, one line each, for the test to read: the method and the request as JSON.</summary>
internal sealed class Calls(DriverOptions options)
{
    private readonly Lock gate = new();

    public void Note(IMessage request)
    {
        lock (gate)
        {
            File.AppendAllText(Path.Combine(options.Directory, "calls"), $"{request.Descriptor.Name.Replace("Request", "", StringComparison.Ordinal)} {JsonFormatter.Default.Format(request)}\n");
        }
    }
}
