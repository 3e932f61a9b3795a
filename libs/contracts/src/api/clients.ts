import {
  IsArray,
  IsBoolean,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Type } from 'class-transformer';
import { IsName, Nested } from '../forms.js';
import { NAME } from '../patterns.js';

/** Body of `POST /v1/clients`. */
export class NewClientRequest {
  @IsName()
  name: string;

  /** For people: who it is, whom to call. */
  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;
}

/** Body of `PUT /v1/clients/:id`. What is left out stays as it is. */
export class ChangeClientRequest {
  /** `true`: its publishers are refused at once, everywhere. Its PODs go on serving. */
  @IsOptional()
  @IsBoolean()
  disabled?: boolean;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  note?: string;
}

/** Query of `GET /v1/clients`. */
export class ClientsQuery {
  /** Most entries. Default 100. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;

  /** Only those whose names come after this one: the next page. */
  @IsOptional()
  @Matches(NAME)
  after?: string;
}

/** A client of the hosting service. */
export class ClientView {
  @Matches(NAME)
  name: string;

  @IsOptional()
  @IsString()
  note?: string;

  @IsISO8601({ strict: true })
  createdAt: string;

  /** Since when its publishers are refused. */
  @IsOptional()
  @IsISO8601({ strict: true })
  disabledAt?: string;
}

/** Clients, by name. */
export class ClientList {
  @IsArray()
  @Nested(() => ClientView)
  clients: ClientView[];
}
